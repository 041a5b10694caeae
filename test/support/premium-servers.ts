import { answer, type Fault } from "./fault-server.ts";
import { completion } from "./remote.ts";

/** What a server of the Open Inference Protocol answers with one value of `prediction`. */
export const oipValue = (value: number): Fault =>
  answer(
    200,
    JSON.stringify({
      model_name: "large",
      model_version: "9",
      outputs: [{ name: "prediction", datatype: "FP32", shape: [1, 1], data: [value] }],
    }),
  );

/** What a chat says. */
export const says = (text: string): Fault => answer(200, completion(text));

/** Does it when a gate opens. */
export const after =
  (opened: Promise<void>, fault: Fault): Fault =>
  (response, request) =>
    void opened.then(() => fault(response, request));
