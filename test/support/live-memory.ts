import type { Served } from "../../bench/support/workerd.ts";
import { freePort } from "../../infra/local/free-port.ts";
import type { WorkerFleet } from "./worker-fleet.ts";

/** What an isolate holds once its garbage is collected. */
export interface LiveMemory {
  /** Of JavaScript: values, code, array buffers. */
  readonly heapBytes: number;
  /** Of the whole process, the engine included; `undefined` where the system does not tell. */
  readonly residentBytes: number | undefined;
}

/** A Worker whose memory can be looked into. */
export interface WatchedWorker extends Served {
  /**
   * Collects the isolate's garbage, then measures. What a process holds without that says little:
   * V8 lets its heap grow by a hundred megabytes before it looks for what is no longer needed.
   */
  liveMemory(): Promise<LiveMemory>;
}

interface HeapUsage {
  readonly usedSize: number;
  readonly embedderHeapUsedSize?: number;
  readonly backingStorageSize?: number;
}

/** Starts one more process of a fleet, open to a debugger. */
export async function startWatched(fleet: WorkerFleet): Promise<WatchedWorker> {
  const inspectorPort = await freePort();
  const served = await fleet.start({ inspectorPort });
  const inspector = await openInspector(inspectorPort);
  return {
    ...served,
    async liveMemory() {
      let isCollected = false;
      const collected = inspector.call("HeapProfiler.collectGarbage").then(() => {
        isCollected = true;
      });
      // workerd puts it off until the isolate has something to do.
      while (!isCollected) {
        await (await fetch(`${served.url}/v2/health/live`)).arrayBuffer();
        await Promise.race([collected, pause(POKE_EVERY_MS)]);
      }
      const heap = (await inspector.call("Runtime.getHeapUsage")) as HeapUsage;
      const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = heap;
      return {
        heapBytes: usedSize + embedderHeapUsedSize + backingStorageSize,
        residentBytes: await served.residentBytes(),
      };
    },
    stop() {
      inspector.close();
      return served.stop();
    },
  };
}

const POKE_EVERY_MS = 20;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Inspector {
  /** @throws what the runtime says against it */
  call(method: string): Promise<unknown>;
  close(): void;
}

/** Source: the Chrome DevTools Protocol, domains Runtime and HeapProfiler. */
async function openInspector(port: number): Promise<Inspector> {
  const targets = await fetch(`http://127.0.0.1:${port}/json`);
  const [target] = (await targets.json()) as readonly { readonly webSocketDebuggerUrl: string }[];
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? "");
  const waiting = new Map<number, (answer: InspectorAnswer) => void>();
  socket.addEventListener("message", ({ data }) => {
    const answer = JSON.parse(String(data)) as InspectorAnswer;
    waiting.get(answer.id ?? 0)?.(answer);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  let calls = 0;
  return {
    async call(method) {
      calls += 1;
      const id = calls;
      const answered = new Promise<InspectorAnswer>((resolve) => waiting.set(id, resolve));
      socket.send(JSON.stringify({ id, method }));
      const { result, error } = await answered;
      waiting.delete(id);
      if (error !== undefined) throw new Error(`${method}: ${error.message}`);
      return result;
    },
    close: () => socket.close(),
  };
}

interface InspectorAnswer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}
