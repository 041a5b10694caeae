import { isDatatype } from "../../core/model/datatype.ts";
import { isObject } from "../../core/model/is-object.ts";
import { readJsonTensor, type TensorHead } from "../../core/model/json-tensor.ts";
import { ok, type Result } from "../../core/model/result.ts";
import { type Bytes, elementCount, type Tensor } from "../../core/model/tensor.ts";
import { readBinaryTensor } from "./binary-tensor.ts";
import { type OipProblem, problem, quoted } from "./problem.ts";

/** The bytes that follow the JSON, and how far they have been taken. */
interface BinaryPart {
  readonly bytes: Bytes;
  taken: number;
}

/**
 * Reads `inputs` into tensors, in their order.
 * @param jsonBytes size of the JSON, in bytes or characters: no shape may promise more elements than it could hold
 * @param binary what follows the JSON; its bytes must be taken up exactly
 */
export function readInputs(
  given: unknown,
  jsonBytes: number,
  binary: Bytes | undefined,
): Result<readonly Tensor[], OipProblem> {
  if (!Array.isArray(given) || given.length === 0) {
    return problem("inputs must be an array of at least one tensor: {name, shape, datatype, data}");
  }
  const part = binary === undefined ? undefined : { bytes: binary, taken: 0 };
  const tensors: Tensor[] = [];
  for (let index = 0; index < given.length; index += 1) {
    const tensor = readInput(given[index], `inputs[${index}]`, jsonBytes, part);
    if (!tensor.ok) return tensor;
    tensors.push(tensor.value);
  }
  if (part !== undefined && part.taken !== part.bytes.byteLength) {
    return problem(
      `${part.bytes.byteLength} bytes follow the JSON, the inputs' binary_data_size take up ${part.taken}`,
    );
  }
  const twice = firstRepeated(tensors);
  return twice === undefined ? ok(tensors) : problem(`input ${quoted(twice)} is given twice`);
}

function firstRepeated(tensors: readonly Tensor[]): string | undefined {
  if (tensors.length === 1) return undefined;
  const names = new Set<string>();
  return tensors.find(({ name }) => names.size === names.add(name).size)?.name;
}

function readInput(
  given: unknown,
  path: string,
  jsonBytes: number,
  part: BinaryPart | undefined,
): Result<Tensor, OipProblem> {
  if (!isObject(given)) return problem(`${path} must be an object`);
  const head = readHead(given, path);
  if (!head.ok) return head;
  const { parameters = {}, data } = given;
  if (!isObject(parameters)) return problem(`${path}.parameters must be an object`);
  if (parameters.shared_memory_region !== undefined) {
    return problem(`${path}: shared memory is not supported`);
  }
  const size = parameters.binary_data_size;
  if (size !== undefined) {
    if (data !== undefined) return problem(`${path} has both data and parameters.binary_data_size`);
    const raw = take(part, size, path);
    return raw.ok ? readBinaryTensor(head.value, raw.value) : raw;
  }
  if (head.value.count > jsonBytes) {
    return problem(
      `${path}.shape [${head.value.shape.join(", ")}] has ${head.value.count} elements, more than the body can hold`,
    );
  }
  return readJsonTensor(head.value, data);
}

function readHead(
  { name, datatype, shape }: Readonly<Record<string, unknown>>,
  path: string,
): Result<TensorHead, OipProblem> {
  if (typeof name !== "string" || name === "") return problem(`${path}.name must be a string`);
  if (typeof datatype !== "string" || !isDatatype(datatype)) {
    const hint = datatype === "BF16" ? ": the engine has no BF16" : "";
    return problem(
      `${path}.datatype must be one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, FP32, FP64, BYTES${hint}`,
    );
  }
  if (!Array.isArray(shape)) return problem(`${path}.shape must be an array of whole numbers`);
  const count = elementCount(shape);
  if (count === undefined) {
    return problem(`${path}.shape must be whole numbers from 0, their product below 2^53`);
  }
  return ok({ name, datatype, shape, count, path });
}

/** Takes the next `size` bytes of what follows the JSON. */
function take(
  part: BinaryPart | undefined,
  size: unknown,
  path: string,
): Result<Bytes, OipProblem> {
  const where = `${path}.parameters.binary_data_size`;
  if (!Number.isSafeInteger(size) || Number(size) < 0) {
    return problem(`${where} must be a whole number from 0`);
  }
  if (part === undefined) {
    return problem(`${where} is given, but the request has no Inference-Header-Content-Length`);
  }
  const start = part.taken;
  const left = part.bytes.byteLength - start;
  if (Number(size) > left) return problem(`${where} is ${size}, only ${left} bytes are left`);
  part.taken += Number(size);
  return ok(part.bytes.subarray(start, part.taken));
}
