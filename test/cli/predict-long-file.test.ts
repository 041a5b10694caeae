import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stack } from "../../infra/local/stack.ts";
import {
  createOrderCheck,
  numberedCells,
  numberedLine,
  numberedModel,
} from "../support/numbered-rows.ts";
import { publish } from "../support/publish.ts";
import { startTestStack, TEST_TOKEN } from "../support/stack.ts";
import { runCli } from "./run-cli.ts";

/** A million takes its time: `FRESHET_TEST_ROWS=1000000`. */
const MANY_ROWS = Number(process.env.FRESHET_TEST_ROWS ?? 100_000);
const PATIENCE_MS = 120_000 + MANY_ROWS / 5;
/** What the command needs for any file; the answers to 100,000 rows would not fit in. */
const HEAP_MIB = 40;

describe("predict with --out, of a long file", () => {
  let stack: Stack;
  let folder: string;

  beforeAll(async () => {
    stack = await startTestStack();
    await publish(stack.store, "numbered", numberedModel());
    folder = await mkdtemp(join(tmpdir(), "freshet-long-file-"));
  });
  afterAll(async () => {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Writes a file of numbered rows, and has it predicted by a command with little memory. */
  async function predict(name: string, lines: Iterable<string>, out: string) {
    const [file, path] = [join(folder, name), join(folder, out)];
    await pipeline(Readable.from(lines), createWriteStream(file));
    const env = {
      FRESHET_URL: stack.url,
      FRESHET_TOKEN: TEST_TOKEN,
      NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}`,
    };
    const ran = await runCli(["predict", "numbered", file, "--out", path], env);
    // Some rows are wrong.
    expect([ran.code, ran.err]).toEqual([1, expect.stringMatching(/rows failed/)]);
    return path;
  }

  it(
    `of ${MANY_ROWS} lines writes each row's result in order, in little memory`,
    async () => {
      const path = await predict(
        "rows.ndjson",
        fileOf((row) => `${numberedLine(row)}\n`),
        "out.ndjson",
      );
      const check = createOrderCheck();
      for await (const piece of createReadStream(path)) check.push(piece as Buffer);
      expect(check.rows).toBe(MANY_ROWS);
    },
    PATIENCE_MS,
  );

  it(
    `of ${MANY_ROWS} records writes each beside its own answer, in little memory`,
    async () => {
      const records = fileOf((row) => `${row},${numberedCells(row).join(",")}\n`);
      const path = await predict("rows.csv", withHeader("row,f0,f1,f2,f3\n", records), "out.csv");
      let row = -1;
      for await (const line of createInterface({ input: createReadStream(path) })) {
        if (row >= 0) expectRecord(line, row);
        row += 1;
      }
      expect(row).toBe(MANY_ROWS);
    },
    PATIENCE_MS,
  );
});

/** @throws unless a record has a row's own cells, then what the model says of it */
function expectRecord(line: string, row: number): void {
  const cells = numberedCells(row).join(",");
  const isWrong = cells.startsWith("none");
  const end = isWrong ? /^,,,"?rows\[(\d+)\]/ : /^,[0-9a-f-]{36},"\[(.+)\]",$/;
  const own = `${row},${cells}`;
  const told = line.startsWith(own) ? end.exec(line.slice(own.length))?.[1] : undefined;
  if (told !== (isWrong ? `${row}` : cells)) throw new Error(`row ${row} became ${line}`);
}

function* fileOf(write: (row: number) => string): Generator<string> {
  for (let row = 0; row < MANY_ROWS; row += ROWS_A_PIECE) {
    const length = Math.min(ROWS_A_PIECE, MANY_ROWS - row);
    yield Array.from({ length }, (_, place) => write(row + place)).join("");
  }
}

const ROWS_A_PIECE = 1_000;

function* withHeader(header: string, records: Iterable<string>): Generator<string> {
  yield header;
  yield* records;
}
