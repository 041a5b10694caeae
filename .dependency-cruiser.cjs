/** Direction: functions → compose → {http, cron} → core ← adapters. See docs/ARCHITECTURE.md. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: from },
  to: { path: "^(src|functions|infra|bench|test)/", pathNot: allowed },
});

module.exports = {
  forbidden: [
    only(
      "core-points-inward",
      "^src/core/",
      "^src/core/",
      "The core knows no platform, not even by type.",
    ),
    {
      name: "core-imports-no-platform-package",
      comment: "Of packages, the core may use only pure ones.",
      severity: "error",
      from: { path: "^src/core/" },
      to: {
        dependencyTypesNot: ["local"],
        pathNot: [
          "node_modules/(zod|lru-cache|fastest-levenshtein|@bufbuild/protobuf|@cfworker/json-schema|re2js)/",
          "^src/core/",
        ],
      },
    },
    {
      name: "cold-starts-load-the-small-zod",
      comment:
        "zod's large form takes 30 ms of a cold start: only what is loaded on demand uses it.",
      severity: "error",
      from: { path: "^src/(core|compose|adapters)/" },
      to: { path: "node_modules/zod/", pathNot: "node_modules/zod/(v4/)?mini/" },
    },
    only(
      "adapters-know-core-only",
      "^src/adapters/([^/]+)/",
      "^src/(core/|adapters/$1/)",
      "One outside thing per folder.",
    ),
    only(
      "http-knows-core-only",
      "^src/http/",
      "^src/(http|core)/",
      "Doors are given their adapters.",
    ),
    only(
      "cron-knows-core-only",
      "^src/cron/",
      "^src/(cron|core)/",
      "Doors are given their adapters.",
    ),
    only(
      "compose-wires",
      "^src/compose/",
      "^src/(compose|http|cron|core|adapters|console)/",
      "The only place that sees everything.",
    ),
    only(
      "functions-enter-by-compose",
      "^functions/",
      "^src/compose/",
      "Entry points are a few lines.",
    ),
    {
      name: "clients-have-no-private-door",
      comment: "CLI and console use the HTTP API.",
      severity: "error",
      from: { path: "^src/(cli|console)/" },
      to: { path: "^src/(http|cron|compose)/" },
    },
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.worker.json" },
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["workerd", "import", "types", "default"],
    },
  },
};
