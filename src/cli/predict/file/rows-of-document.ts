import { usageFailure } from "../../failure.ts";
import { plural } from "../../output/units.ts";

type Members = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether it asks about stored entities. */
export const hasEntities = (value: unknown): value is { readonly entities: readonly unknown[] } =>
  isObject(value) && Array.isArray(value.entities);

/** Whether it is a body of the route's, with rows whose answers are to be appended to a conversation. */
export const hasConversation = (value: unknown): boolean =>
  isObject(value) &&
  isObject(value.conversation) &&
  (Array.isArray(value.rows) || isObject(value.columns));

/**
 * The rows of a JSON document in one of the forms that the route takes: an array, `{"rows": […]}`
 * or `{"columns": {…}}`; `undefined` for what is none of these.
 * @throws CliFailure for columns of several lengths
 */
export function givenRows(value: unknown, given: string): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (!isObject(value)) return undefined;
  if (Array.isArray(value.rows)) return value.rows;
  const { columns } = value;
  if (!isObject(columns) || !Object.values(columns).every(Array.isArray)) return undefined;
  return rowsOfColumns(Object.entries(columns as Readonly<Record<string, unknown[]>>), given);
}

/** As `givenRows`. @throws CliFailure for what is no rows */
export function rowsOfDocument(value: unknown, given: string): readonly unknown[] {
  const rows = givenRows(value, given);
  if (rows !== undefined) return rows;
  if (hasEntities(value)) {
    throw usageFailure(`${given} has entities, not rows`, "Without --out they are asked about.");
  }
  throw usageFailure(
    `${given} is not an array of rows`,
    'Rows look like [{"petal length": 1.4, …}, …].',
  );
}

function rowsOfColumns(
  columns: readonly (readonly [name: string, cells: readonly unknown[]])[],
  given: string,
): readonly unknown[] {
  const [first] = columns;
  if (first === undefined) throw usageFailure(`${given} has no columns`);
  const uneven = columns.find(([, cells]) => cells.length !== first[1].length);
  if (uneven !== undefined) {
    const values = plural(uneven[1].length, "value");
    throw usageFailure(
      `${given}: column '${uneven[0]}' has ${values}, '${first[0]}' has ${first[1].length}`,
    );
  }
  // Not by assignment: a column may be called `__proto__`.
  return first[1].map((_, row) =>
    Object.fromEntries(columns.map(([name, cells]) => [name, cells[row]])),
  );
}
