/** What the process answers its caller; docs/cli.md tells it. */
export const EXIT = {
  ok: 0,
  /** The server or a check said no. */
  refused: 1,
  /** The command line is wrong. */
  usage: 2,
  /** Nobody answers at the URL. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
