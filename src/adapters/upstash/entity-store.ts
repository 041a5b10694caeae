import type { Entity, EntityContent } from "../../core/model/entity.ts";
import { fail, ok, type Result } from "../../core/model/result.ts";
import type { EntityStore, EntityWrite } from "../../core/ports/entity-store.ts";
import type { SharedCacheFailure } from "../../core/ports/shared-cache.ts";
import { call, evaluate, isTexts, type UpstashConfig, unexpected } from "./client.ts";

/**
 * Compares and swaps many in one step. KEYS: the type's counter of revisions, its ids, those
 * that are open, those that are finished, then one key an entity. ARGV, four an entity: its id
 * after a mark, the revision expected, its state or `deleted`, and what is kept after the
 * revision. An entity is one text: its revision, then a line each of what it holds.
 */
const SWAP = `
local out = {}
for i = 1, #KEYS - 4 do
  local at = (i - 1) * 4
  local id = string.sub(ARGV[at + 1], 2)
  local state = ARGV[at + 3]
  local key = KEYS[i + 4]
  local text = redis.call('GET', key)
  local rev = '0'
  if text then rev = string.match(text, '^%d+') end
  if rev ~= ARGV[at + 2] then
    out[i] = '-'
  else
    out[i] = string.format('%.0f', redis.call('INCR', KEYS[1]))
    redis.call('ZREM', KEYS[3], id)
    redis.call('ZREM', KEYS[4], id)
    if state == 'deleted' then
      redis.call('DEL', key)
      redis.call('ZREM', KEYS[2], id)
    else
      redis.call('SET', key, out[i] .. '\\n' .. ARGV[at + 4])
      redis.call('ZADD', KEYS[2], 0, id)
      if state == 'open' then redis.call('ZADD', KEYS[3], 0, id) end
      if state == 'finished' then redis.call('ZADD', KEYS[4], 0, id) end
    end
  end
end
return out`;

/**
 * KEYS: one an entity. ARGV: the most bytes, after which the answer ends. Answers their texts, each
 * after a mark, or `-` for what is not there.
 */
const READ = `
local out, bytes, most = {}, 0, tonumber(ARGV[1])
for i = 1, #KEYS do
  local text = redis.call('GET', KEYS[i])
  if text then bytes = bytes + #text end
  if i > 1 and bytes > most then break end
  out[i] = text and '=' .. text or '-'
end
return out`;

/** Ids in the order of their bytes: members of one score are sorted so. */
const PAGE = `return redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], '+', 'LIMIT', 0, ARGV[2])`;

/** The entity store port over Upstash's REST protocol; each method's round trips are HTTP calls. */
export function createUpstashEntityStore(config: UpstashConfig): EntityStore {
  const { keyPrefix } = config;
  const keyOf = (type: string, id: string) => `${keyPrefix}ent:${type}:${id}`;
  // No type has a colon in it, so none of these is the key of an entity of another one.
  const idsOf = (type: string, state?: string) =>
    `${keyPrefix}entities:${type}${state === undefined ? "" : `:${state}`}`;

  const getMany: EntityStore["getMany"] = (type, ids, deadlineMs, maxBytes) =>
    call("EVAL", async () => {
      if (ids.length === 0) return ok([]);
      const keys = ids.map((id) => keyOf(type, id));
      const texts = await evaluate(config, READ, keys, [String(maxBytes)], deadlineMs);
      return isTexts(texts) && texts.length > 0 && texts.length <= ids.length
        ? readEntities(type, ids, texts)
        : unexpected("EVAL");
    });

  return {
    getMany,
    swapMany: (type, writes, deadlineMs) =>
      call("EVAL", async () => {
        const keys = [
          `${keyPrefix}entrev:${type}`,
          idsOf(type),
          idsOf(type, "open"),
          idsOf(type, "finished"),
          ...writes.map(({ id }) => keyOf(type, id)),
        ];
        const answer = await evaluate(config, SWAP, keys, writes.flatMap(wordsOf), deadlineMs);
        return isTexts(answer) && answer.length === writes.length
          ? ok(answer.map((rev) => (rev === "-" ? undefined : Number(rev))))
          : unexpected("EVAL");
      }),
    async list(type, { state, limit, after, maxBytes }, deadlineMs) {
      const page = await call<readonly string[]>("EVAL", async () => {
        const words = [after === undefined ? "-" : `(${after}`, String(limit + 1)];
        const answer = await evaluate(config, PAGE, [idsOf(type, state)], words, deadlineMs);
        return isTexts(answer) && answer.length <= limit + 1 ? ok(answer) : unexpected("EVAL");
      });
      if (!page.ok) return page;
      const read = await getMany(type, page.value.slice(0, limit), deadlineMs, maxBytes);
      if (!read.ok) return read;
      const entities = read.value.filter((entity) => entity !== undefined);
      const last = page.value[read.value.length - 1];
      return ok(
        page.value.length > read.value.length && last !== undefined
          ? { entities, nextAfter: last }
          : { entities },
      );
    },
  };
}

const wordsOf = ({ id, expectedRev, content }: EntityWrite): readonly string[] => [
  `=${id}`,
  String(expectedRev),
  content?.state ?? "deleted",
  content === undefined ? "" : textOf(content),
];

const textOf = ({ state, createdAtMs, updatedAtMs, outcome, features }: EntityContent): string =>
  [
    state,
    createdAtMs,
    updatedAtMs,
    // JSON has no line breaks of its own.
    outcome === undefined ? "" : JSON.stringify(outcome),
    JSON.stringify(features),
  ].join("\n");

function readEntities(
  type: string,
  ids: readonly string[],
  texts: readonly string[],
): Result<readonly (Entity | undefined)[], SharedCacheFailure> {
  const entities: (Entity | undefined)[] = [];
  for (const [index, text] of texts.entries()) {
    const id = ids[index] ?? "";
    const entity = text === "-" ? undefined : readText(type, id, text);
    if (entity === null) {
      return fail({ reason: "refused", detail: `EVAL: the entity ${type}/${id} is damaged` });
    }
    entities.push(entity);
  }
  return ok(entities);
}

/** `null` for what no Freshet wrote. */
function readText(type: string, id: string, marked: string): Entity | null {
  if (!marked.startsWith("=")) return null;
  const [rev, state, createdAtMs, updatedAtMs, outcome = "", features = ""] = marked
    .slice(1)
    .split("\n");
  if (state !== "open" && state !== "finished") return null;
  try {
    return {
      type,
      id,
      state,
      features: JSON.parse(features),
      ...(outcome === "" ? {} : { outcome: JSON.parse(outcome) }),
      createdAtMs: Number(createdAtMs),
      updatedAtMs: Number(updatedAtMs),
      rev: Number(rev),
    };
  } catch {
    return null;
  }
}
