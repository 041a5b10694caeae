import type { Runner } from "./interleave.ts";
import { IRIS_BODY } from "./iris.ts";
import { drive, driveMany, type ManyBodies, type Round } from "./load.ts";

/** A server that answers the iris row at `url`. */
export interface Target {
  readonly name: string;
  readonly url: string;
  readonly server: { cpuMs(): Promise<number | undefined> };
  readonly against?: string;
  /** Left out: the one iris row, again and again. */
  readonly rows?: ManyBodies["rows"] | undefined;
}

const CONNECTIONS = 32;
// Many short rounds: a shared machine changes its speed from one second to the next.
// The compiler is done with most of a Worker after some ten seconds.
const FULL = { rounds: 41, seconds: 1, warmUpSeconds: 10 };
const QUICK = { rounds: 3, seconds: 1, warmUpSeconds: 1 };

/**
 * Load of one row a request, as JSON, on each of some servers, which have answered for a while when
 * this returns. Of several sittings each has its part of the rounds.
 */
export async function loadRunners(
  targets: readonly Target[],
  { quick, sittings = 1 }: { readonly quick: boolean; readonly sittings?: number },
  details: (round: Round) => Readonly<Record<string, number>> = () => ({}),
): Promise<{
  readonly runners: readonly Runner[];
  readonly rounds: number;
  /** For people: what was done. */
  readonly how: string;
}> {
  const { seconds, warmUpSeconds, ...all } = quick ? QUICK : FULL;
  const rounds = Math.ceil(all.rounds / sittings);
  const load = ({ url, rows }: Pick<Target, "url" | "rows">, forSeconds: number) => {
    const common = { url, connections: CONNECTIONS, seconds: forSeconds };
    return rows === undefined
      ? drive({ ...common, body: IRIS_BODY })
      : driveMany({ ...common, rows });
  };
  for (const target of targets) await load(target, warmUpSeconds);
  const runners = targets.map(
    ({ url, server, rows, ...who }): Runner => ({
      ...who,
      async measure() {
        const beforeMs = await server.cpuMs();
        const round = await load({ url, rows }, seconds);
        const afterMs = await server.cpuMs();
        const { requestsPerSecond, requests, p50Ms, p99Ms } = round;
        const known = { "p50 ms": p50Ms, "p99 ms": p99Ms, ...details(round) };
        if (beforeMs === undefined || afterMs === undefined) {
          return { value: requestsPerSecond, details: known };
        }
        const cpuUs = ((afterMs - beforeMs) * 1_000) / requests;
        return { value: requestsPerSecond, details: { ...known, "CPU µs/request": cpuUs } };
      },
    }),
  );
  const times = sittings === 1 ? "" : `${sittings} times `;
  const how = `${CONNECTIONS} connections, ${times}${rounds} interleaved rounds of ${seconds} s`;
  return { runners, rounds, how };
}
