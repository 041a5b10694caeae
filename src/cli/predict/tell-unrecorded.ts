import { z } from "zod";
import { modelPath } from "../arguments.ts";
import type { Context } from "../context.ts";
import { plural } from "../output/units.ts";

/** Tells of answers that there was no room for on record: a line, or none. */
export const lostLines = (count: number): readonly string[] =>
  count === 0
    ? []
    : [
        `${plural(count, "answer")} ${count === 1 ? "has" : "have"} no record, as Redis did not take ${count === 1 ? "it" : "them"} in time: no outcome can be given to ${count === 1 ? "it" : "them"}`,
      ];

const deploymentSchema = z.looseObject({
  record: z.looseObject({ rate: z.number().optional() }).optional(),
});

/**
 * Tells that answers of a stream have no records, where the deployment says nothing of them: their
 * ids take no outcome then. One request; nothing is told where it is not answered.
 */
export async function tellUnrecorded({ api, note, isJson }: Context, model: string): Promise<void> {
  if (isJson) return;
  const path = modelPath(model, "deployment");
  const { status, body } = await api.ask(path).catch(() => ({ status: 0, body: undefined }));
  const read = deploymentSchema.safeParse(status === 200 ? body : undefined);
  if (!read.success || (read.data.record?.rate ?? 0) > 0) return;
  note(
    `these answers have no records, so their ids take no outcomes: for those that come, PUT ${path} {"record": {"rate": 1}} keeps them`,
  );
}
