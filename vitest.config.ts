import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** What has to come in the end comes late on a busy machine; a second, the default, is too short. */
const PATIENT = { timeout: 60_000 };

export default defineConfig({
  test: {
    // More than there are cores: most of the tests wait, for deadlines, leases and back-offs.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: "node",
          include: ["test/{unit,contract,http,e2e,browser,cli}/**/*.test.ts", "test/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          expect: { poll: PATIENT },
        },
      },
      {
        plugins: [
          cloudflareTest({
            miniflare: {
              compatibilityDate: "2026-11-01",
              compatibilityFlags: ["nodejs_compat"],
              modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
            },
          }),
        ],
        test: {
          name: "workerd",
          include: ["test/workerd/**/*.test.ts"],
          globalSetup: ["test/support/remote-server.ts"],
          isolate: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
          expect: { poll: PATIENT },
        },
      },
    ],
    coverage: {
      provider: "istanbul",
      include: ["src/core/**/*.ts"],
      reporter: ["text-summary", "json-summary", "html"],
      reportOnFailure: true,
      thresholds: { lines: 90, branches: 90 },
    },
  },
});
