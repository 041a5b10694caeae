/**
 * What the openssl walk-through of docs/integrity.md made of a file with the words "stand-in for a
 * model" (OpenSSL 3.0.19): a public key and a signature of each kind.
 */

/** SHA-256 of the file. */
export const SIGNED_DIGEST = "4193c98b09810fe1d3550b40bba6c835ab5d56ce05e1c2ea8c00efe49df88eb5";

const PAYLOAD =
  "eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEiLCJzdWJqZWN0IjpbeyJuYW1lIjoibW9kZWwub25ueCIsImRpZ2VzdCI6eyJzaGEyNTYiOiI2NGQ3N2YyNmYyNzg1NWJjMjdlMGU0MWM0MzM2MGI3MmU0ZDkxNzkxN2UxMzkxN2ZmODViNDM4MTZjNDg5YTcwIn19XSwicHJlZGljYXRlVHlwZSI6Imh0dHBzOi8vbW9kZWxfc2lnbmluZy9zaWduYXR1cmUvdjEuMCIsInByZWRpY2F0ZSI6eyJyZXNvdXJjZXMiOlt7Im5hbWUiOiJtb2RlbC5vbm54IiwiZGlnZXN0IjoiNDE5M2M5OGIwOTgxMGZlMWQzNTUwYjQwYmJhNmM4MzVhYjVkNTZjZTA1ZTFjMmVhOGMwMGVmZTQ5ZGY4OGViNSIsImFsZ29yaXRobSI6InNoYTI1NiJ9XSwic2VyaWFsaXphdGlvbiI6eyJtZXRob2QiOiJmaWxlcyIsImhhc2hfdHlwZSI6InNoYTI1NiIsImFsbG93X3N5bWxpbmtzIjpmYWxzZSwiaWdub3JlX3BhdGhzIjpbXX19fQ==";

export const ECDSA_KEY = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE5lYvoDsEd7Zp7XH5dGqiuNPuF/iT
zFJEl+01epAxa35KlWGFI2kF+cZnp5EPUFKi6QtcS4NkGQBcdMVANY66gg==
-----END PUBLIC KEY-----`;

export const ED25519_KEY = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAsNU3KLbx3xgLWwnYu3zQ9i7B9yUWGzu/xqhK8SevWUs=
-----END PUBLIC KEY-----`;

export const ECDSA_SIG =
  "MEYCIQCSALDRy50ymZEmof8zzGiyT+8fOL4DzZHoenCZgGargwIhANyEnizOjdWV58IOToMiR+QPAAuw+chbjZGebjGb4gcD";

export const ED25519_SIG =
  "i98Z1oiINw8+jElQHHSf3ha0c300lU3azG4746/tAwDTDGV8tBmOXsxxZDgoBz3fdDE669gpXa/GgHbkOmsKDA==";

/** A bundle with signatures of choice, and changed where a test wants it. */
export const bundleOf = (
  sigs: readonly string[],
  changes: { readonly payload?: string; readonly payloadType?: string } = {},
) => ({
  mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
  verificationMaterial: {
    publicKey: { hint: "e3ec2b8a9190a0796a569a7c434c1270a7ea80613c7df37be375090916111999" },
  },
  dsseEnvelope: {
    payload: PAYLOAD,
    payloadType: "application/vnd.in-toto+json",
    signatures: sigs.map((sig) => ({ sig, keyid: "" })),
    ...changes,
  },
});

/** The example of the DSSE specification (protocol.md, "Test Vectors"): its key as PEM, r and s side by side. */
export const DSSE_EXAMPLE = {
  payloadType: "http://example.com/HelloWorld",
  payload: "hello world",
  pae: "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
  spkiHex:
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004" +
    "67cd390f77aa359cb08c2235f652270493a9ed832b0abcc01f70954c0390d238" +
    "0c782bd54e269125a44f4433aff1432ce94e12bca73aa67ac80cea12608ddf74",
  sig: "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==",
};
