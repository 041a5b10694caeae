import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Setting } from "../../src/compose/config-fields.ts";
import { SETTINGS } from "../../src/compose/config-schema.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** Where the page stands in the repository. */
export const CONFIGURATION_PAGE = join(ROOT, "docs", "configuration.md");

/** The page of all settings, made from what reads them. */
export function renderConfiguration(): string {
  const rows = Object.entries<Setting<unknown>>(SETTINGS).map(
    ([name, { what, fallback }]) => `| \`${name}\` | ${defaultOf(fallback)} | ${what} |`,
  );
  return [
    "# Configuration",
    "",
    "<!-- Made by `npm run docs` from src/compose/config-schema.ts. -->",
    "",
    "Settings are variables and secrets of the Worker (`[vars]` in `wrangler.toml`, `npx wrangler secret put NAME`). `npm start` takes the same names from its environment and fills in what its own S3 and Redis need. A wrong value stops everything with one message that names the setting and what is the matter.",
    "",
    "| name | default | meaning |",
    "|---|---|---|",
    ...rows,
    "",
    "Besides, any number of secrets whose names begin `FRESHET_SECRET_`: a deployment may name one to be sent to a remote model, and no other variable ([premium.md](premium.md#remote-models)).",
    "",
    "## The local stack",
    "",
    "Read by `npm start` alone.",
    "",
    "| name | default | meaning |",
    "|---|---|---|",
    "| `PORT` | `8787` | Port to listen on; `0` takes any free one. |",
    "| `HOST` | `127.0.0.1` | Address to listen on. Anything but loopback asks for a token with every request. |",
    "| `FRESHET_DATA_DIR` | `.freshet` | Folder of the embedded bucket, Redis' file and the admin token. Delete it to begin anew. |",
    "| `SHUTDOWN_MS` | `10000` | Milliseconds that Ctrl-C waits for jobs which are being worked on ([jobs.md](jobs.md#in-the-local-stack)). |",
    "| `FRESHET_ADMIN_TOKEN` | made once, kept in the data folder | The admin token. |",
    "",
  ].join("\n");
}

function defaultOf(fallback: unknown): string {
  if (fallback === undefined) return "required";
  if (fallback === "" || (Array.isArray(fallback) && fallback.length === 0)) return "empty";
  return `\`${String(fallback)}\``;
}

if (process.argv[1] === import.meta.filename) {
  await writeFile(CONFIGURATION_PAGE, renderConfiguration());
}
