import { expect, it } from "vitest";
import { encodePae } from "../../../src/core/lifecycle/signature/pae.ts";
import { DSSE_EXAMPLE } from "../../support/signatures.ts";

const encoder = new TextEncoder();

/** The first is the specification's example; the others are the reference library's (go-securesystemslib, dsse/sign_test.go). */
it.each([
  [DSSE_EXAMPLE.payloadType, DSSE_EXAMPLE.payload, DSSE_EXAMPLE.pae],
  ["", "", "DSSEv1 0  0 "],
  ["http://example.com/HelloWorld", "ಠ", "DSSEv1 29 http://example.com/HelloWorld 3 ಠ"],
  ["é", "a b\n\0", "DSSEv1 2 é 5 a b\n\0"],
])("the PAE of type %j and body %j counts bytes", (type, body, expected) => {
  expect(encodePae(type, encoder.encode(body))).toEqual(encoder.encode(expected));
});
