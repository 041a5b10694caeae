import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { RedisBackend } from "./redis-backend.ts";

export interface RedisBridge {
  readonly url: string;
  stop(): Promise<void>;
}

const MAX_BODY_BYTES = 10 * 1024 * 1024;

/**
 * Speaks Upstash's Redis REST protocol before any Redis: `POST /` takes one
 * command as a JSON array, `/pipeline` and `/multi-exec` many.
 * Source: Upstash, "REST API".
 */
export async function startRedisBridge(backend: RedisBackend, token: string): Promise<RedisBridge> {
  const server = createServer((request, response) => {
    handle(backend, token, request).then(
      ({ status, body }) => reply(response, status, body),
      (error) => reply(response, 400, { error: textOf(error) }),
    );
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => close(server) };
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

async function handle(
  backend: RedisBackend,
  token: string,
  request: IncomingMessage,
): Promise<Reply> {
  if (request.headers.authorization !== `Bearer ${token}`) {
    return { status: 401, body: { error: "Unauthorized" } };
  }
  const inBase64 = request.headers["upstash-encoding"] === "base64";
  const sent: unknown = JSON.parse(await readAll(request));
  const path = (request.url ?? "/").replace(/\?.*$/, "");
  if (path === "/") return { status: 200, body: await answer(backend, sent, inBase64) };
  if (path === "/pipeline") return { status: 200, body: await pipeline(backend, sent, inBase64) };
  if (path === "/multi-exec")
    return { status: 200, body: await transaction(backend, sent, inBase64) };
  return { status: 404, body: { error: `ERR no such path ${path}` } };
}

async function answer(backend: RedisBackend, command: unknown, inBase64: boolean) {
  return { result: encode(await backend.run(wordsOf(command)), inBase64, true) };
}

/** Every command is run; each has its own result or error. */
async function pipeline(
  backend: RedisBackend,
  commands: unknown,
  inBase64: boolean,
): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const command of listOf(commands)) {
    results.push(
      await answer(backend, command, inBase64).catch((error) => ({ error: textOf(error) })),
    );
  }
  return results;
}

async function transaction(
  { runTogether }: RedisBackend,
  commands: unknown,
  inBase64: boolean,
): Promise<unknown> {
  const results = await runTogether(listOf(commands).map(wordsOf));
  return results.map((result) => ({ result: encode(result, inBase64, true) }));
}

function listOf(commands: unknown): readonly unknown[] {
  if (Array.isArray(commands)) return commands;
  throw new Error("ERR failed to parse pipeline request");
}

/** A command's words as Redis takes them, the first in upper case; a Lua shebang is taken off. */
function wordsOf(command: unknown): readonly string[] {
  if (!Array.isArray(command) || command.length === 0)
    throw new Error("ERR failed to parse command");
  const [name, ...rest] = command.map((word) =>
    typeof word === "string" ? word : JSON.stringify(word),
  );
  const upper = String(name).toUpperCase();
  const isScript = upper === "EVAL" || upper === "EVAL_RO";
  return [
    upper,
    ...rest.map((word, index) => (isScript && index === 0 ? withoutShebang(word) : word)),
  ];
}

const withoutShebang = (script: string): string => script.replace(/^#!lua[^\n]*\n/, "");

/** Text in base64 when asked for, but a bare OK. */
function encode(value: unknown, inBase64: boolean, isTop: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => encode(item, inBase64, false));
  if (typeof value !== "string" && !Buffer.isBuffer(value)) return value ?? null;
  const bytes = Buffer.from(value);
  if (!inBase64 || (isTop && bytes.equals(Buffer.from("OK")))) return bytes.toString("utf8");
  return bytes.toString("base64");
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw new Error("ERR max request size exceeded");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((done) => server.close(() => done()));
}
