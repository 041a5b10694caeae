import * as z from "zod/mini";
import { DATATYPES } from "./datatype.ts";
import {
  anything,
  feature,
  frameworkFields,
  lineageFields,
  missing,
  task,
  texts,
  told,
  trainingFields,
  word,
} from "./manifest.ts";
import { didYouMean } from "./nearest-name.ts";

/** How data frames, ONNX and the protocol call types of values. It says what a column was; what an input takes is the file's to say. */
const DTYPES = [
  ...["float16", "float32", "float64", "bfloat16", "half", "float", "double", "number"],
  ...["int8", "int16", "int32", "int64", "int", "integer", "uint8", "uint16", "uint32", "uint64"],
  ...["bool", "boolean", "string", "str", "text", "bytes", "object", "category", "categorical"],
  ...DATATYPES.map((datatype) => datatype.toLowerCase()),
];

const dtype = word.check(
  z.refine((name) => DTYPES.includes(name.toLowerCase()), {
    error: ({ input }) =>
      `${JSON.stringify(input)} is no type of values${didYouMean(String(input), DTYPES) || ": it is one such as float32, int64, bool or string"}`,
  }),
);

const features = z.array(
  z
    .strictObject({
      ...feature.shape,
      dtype,
      categories: z.optional(
        z.array(z.string()).check(
          z.minLength(1, "needs one category at least"),
          z.refine(isWithoutTwins, {
            error: ({ input }) => `names ${JSON.stringify(twinOf(input as string[]))} twice`,
          }),
        ),
      ),
      missing,
    })
    .check(
      z.refine(
        ({ missing, stats }) => missing !== "mean" || typeof stats?.mean === "number",
        "missing is 'mean', which needs stats.mean",
      ),
    ),
);

/**
 * What a publisher may say of a version; the rest is found out. Strict: a misspelt field is
 * an error and not lost.
 */
export const draftSchema = z.strictObject({
  ...told,
  framework: z.optional(z.strictObject(frameworkFields)),
  training: z.optional(z.strictObject(trainingFields)),
  lineage: z.optional(z.strictObject(lineageFields)),
  task: z.optional(task),
  features: z.optional(
    features.check(
      z.refine((all) => isWithoutTwins(all.map(({ name }) => name)), "names a feature twice"),
    ),
  ),
  classes: z.optional(z.array(word).check(z.refine(isWithoutTwins, "names a class twice"))),
  metrics: z.optional(anything),
  tags: z.optional(texts),
});

const twinOf = (names: readonly string[]): string | undefined =>
  names.find((name, place) => names.indexOf(name) < place);

function isWithoutTwins(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}

export type Draft = z.output<typeof draftSchema>;
