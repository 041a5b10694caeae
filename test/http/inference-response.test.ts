import { describe, expect, it } from "vitest";
import { createIrisApp, features } from "./iris-app.ts";

const ROW = features([5.1, 3.5, 1.4, 0.2]);

describe("the response of an inference", () => {
  it("shares no header with the answer before it, though what lasts is kept", async () => {
    const app = await createIrisApp();
    const infer = async (path: string, id: string, body: object) => {
      const answer = await app.request(`/v2/models/iris-logreg${path}`, {
        method: "POST",
        headers: { "x-request-id": id },
        body: JSON.stringify({ inputs: [ROW], ...body }),
      });
      expect(answer.status).toBe(200);
      const { headers } = answer;
      return [
        headers.get("x-request-id"),
        headers.get("content-type"),
        headers.has("inference-header-content-length"),
        headers.get("x-freshet-version"),
        headers.get("cache-status"),
      ];
    };
    const binary = { parameters: { binary_data_output: true } };
    const staging = "/versions/staging/infer";
    const octets = "application/octet-stream";
    const json = "application/json";
    expect(await infer("/infer", "a", binary)).toEqual([
      "a",
      octets,
      true,
      "1",
      "model; fwd=miss; stored",
    ]);
    expect(await infer("/infer", "b", binary)).toEqual(["b", octets, true, "1", "model; hit"]);
    expect(await infer("/infer", "c", {})).toEqual(["c", json, false, "1", "model; hit"]);
    expect(await infer(staging, "d", {})).toEqual([
      "d",
      json,
      false,
      "2",
      "model; fwd=miss; stored",
    ]);
    expect(await infer(staging, "e", binary)).toEqual(["e", octets, true, "2", "model; hit"]);
  });
});
