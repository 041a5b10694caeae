import type { FaultProxy } from "./fault-proxy.ts";
import { blackHole, reset, s3Error } from "./fault-server.ts";
import { drip } from "./proxy-faults.ts";

const EVERYTHING = /^/;

/** The ways in which a whole service is gone; `heal` brings it back. */
export const KINDS_OF_DOWN: readonly (readonly [
  kind: string,
  takeDown: (door: FaultProxy) => Promise<void>,
])[] = [
  ["refused", (door) => door.shut()],
  ["reset", async (door) => void door.inject(EVERYTHING, reset)],
  ["a black hole", async (door) => void door.inject(EVERYTHING, blackHole)],
  ["503", async (door) => void door.inject(EVERYTHING, s3Error(503, "ServiceUnavailable"))],
  ["a drip", async (door) => void door.inject(EVERYTHING, drip(1))],
];
