import type { Served } from "./workerd.ts";

const LOOK_EVERY_MS = 50;
const MIB = 1024 * 1024;

/** What a server's process held, in MiB; empty where the system does not tell. */
export type MemoryDetails = Readonly<Record<string, number>>;

/** Looks at the memory of a server's process while `work` goes on. */
export async function watchMemory(
  server: Pick<Served, "residentBytes">,
  work: () => Promise<void>,
): Promise<MemoryDetails> {
  const start = await server.residentBytes();
  let most = start ?? 0;
  const timer = setInterval(async () => {
    most = Math.max(most, (await server.residentBytes()) ?? 0);
  }, LOOK_EVERY_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  const end = await server.residentBytes();
  if (start === undefined || end === undefined) return {};
  const details = { "MiB at start": start, "MiB at most": Math.max(most, end), "MiB at end": end };
  return Object.fromEntries(Object.entries(details).map(([name, bytes]) => [name, bytes / MIB]));
}
