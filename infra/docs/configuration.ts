import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/mini";
import { configSchema } from "../../src/compose/config-schema.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** Where the page stands in the repository. */
export const CONFIGURATION_PAGE = join(ROOT, "docs", "configuration.md");

/** The page of all settings, made from the schema that reads them. */
export function renderConfiguration(): string {
  const rows = Object.entries(configSchema.shape).map(
    ([name, field]) =>
      `| \`${name}\` | ${defaultOf(field)} | ${z.globalRegistry.get(field)?.description ?? ""} |`,
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

function defaultOf(field: {
  safeParse(value: unknown): { success: boolean; data?: unknown };
}): string {
  const absent = field.safeParse(undefined);
  if (!absent.success) return "required";
  const { data } = absent;
  if (data === "" || (Array.isArray(data) && data.length === 0)) return "empty";
  return `\`${String(data)}\``;
}

if (process.argv[1] === import.meta.filename) {
  await writeFile(CONFIGURATION_PAGE, renderConfiguration());
}
