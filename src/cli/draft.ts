import { parseOrUndefined } from "./client/problem.ts";
import type { Context } from "./context.ts";
import { usageFailure } from "./failure.ts";
import { decodeUtf8 } from "./utf8.ts";

/** What a publisher says of a version, by file and by option; the options win. */
export interface DraftOptions {
  readonly manifest?: string;
  readonly task?: string;
  readonly framework?: string;
  readonly tag?: Readonly<Record<string, string>>;
  readonly description?: string;
}

type Draft = Readonly<Record<string, unknown>>;

/** Fields of a stored manifest that are found out and not given: a copy of one may be published again. */
const FOUND_OUT = [
  "schema",
  "name",
  "version",
  "digest",
  "size_bytes",
  "created_at",
  "inputs",
  "outputs",
  "onnx",
  "peak_memory_bytes",
];

/** @throws CliFailure when the file is no JSON object */
export function readDraft(context: Context, options: DraftOptions): Draft {
  const { manifest, task, framework, tag, description } = options;
  const filed = manifest === undefined ? {} : readManifestFile(context, manifest);
  return {
    ...filed,
    ...(task === undefined ? {} : { task }),
    ...(framework === undefined ? {} : { framework: frameworkOf(framework) }),
    ...(description === undefined ? {} : { description }),
    ...(tag === undefined ? {} : { tags: { ...tagsOf(filed), ...tag } }),
  };
}

function readManifestFile(context: Context, path: string): Draft {
  const text = decodeUtf8(context.readBytes(path), path);
  const value = parseOrUndefined(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw usageFailure(`${path} is not a JSON object`, "A manifest is one: docs/bucket.md tells.");
  }
  const entries = Object.entries(value);
  // A stored manifest says what it is; without that, an unknown field is the server's to refuse.
  if (!("schema" in value)) return Object.fromEntries(entries);
  return Object.fromEntries(entries.filter(([name]) => !FOUND_OUT.includes(name)));
}

/** `scikit-learn` or `scikit-learn 1.5.2`. */
function frameworkOf(text: string): { readonly name: string; readonly version?: string } {
  const [name = text, version] = text.split(/[ =@]+/, 2);
  return { name, ...(version === undefined ? {} : { version }) };
}

const tagsOf = ({ tags }: Draft): object => (typeof tags === "object" && tags !== null ? tags : {});
