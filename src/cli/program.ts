import { type Argument, Command } from "commander";
import { addGroup } from "./command.ts";
import { addAliasCommands } from "./commands/alias.ts";
import { addAuditCommands } from "./commands/audit.ts";
import { addBackupCommands } from "./commands/backup.ts";
import { addBundleCommands } from "./commands/bundle/bundle.ts";
import { addCacheCommands } from "./commands/cache.ts";
import { addConversationCommands } from "./commands/conversation.ts";
import { addCronCommand } from "./commands/cron.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addEntityCommands } from "./commands/entity/entity.ts";
import { addHistoryCommand } from "./commands/history.ts";
import { addJobsCommands } from "./commands/jobs.ts";
import { addDeprecate, addDescribe, addTag } from "./commands/model/annotate.ts";
import { addCheck } from "./commands/model/check.ts";
import { addCompare } from "./commands/model/compare.ts";
import { addList } from "./commands/model/list.ts";
import { addPublish } from "./commands/model/publish.ts";
import { addDelete, addPrune } from "./commands/model/remove.ts";
import { addShow } from "./commands/model/show.ts";
import { addVersions } from "./commands/model/versions.ts";
import { addMoveCommands } from "./commands/move.ts";
import { addOutcomeCommands } from "./commands/outcome.ts";
import { addPredictCommand } from "./commands/predict.ts";
import { addPredictionCommands } from "./commands/prediction.ts";
import { addQualityCommands } from "./commands/quality.ts";
import { addServerCommands } from "./commands/server.ts";
import { DEFAULT_URL, type Terminal } from "./context.ts";
import { version } from "./version.ts";

const MODEL_COMMANDS = [
  addPublish,
  addCheck,
  addList,
  addShow,
  addVersions,
  addCompare,
  addTag,
  addDescribe,
  addDeprecate,
  addDelete,
  addPrune,
];

const AFTER = `
Start:
  # a model from file to production, and back
  $ freshet model check iris.onnx
  $ freshet model publish iris iris.onnx --alias staging
  $ freshet promote iris
  $ freshet rollback iris

Exit codes:
  0  done
  1  refused or failed: by the server, or by a check
  2  the command line is wrong
  3  nobody answers at the URL`;

/** A command in the list of its group, as it is typed; its options are on its own page. */
const termOf = (command: Command): string =>
  [command.name(), ...command.registeredArguments.map(termOfArgument)].join(" ");

const termOfArgument = (argument: Argument): string => {
  const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
  return argument.required ? `<${name}>` : `[${name}]`;
};

/** The whole command line. It neither exits nor prints by itself: main does. */
export function createProgram(terminal: Terminal, helpWidth?: number): Command {
  const program = new Command("freshet");
  // Set first: commands take these over when they are made.
  program
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      ...(helpWidth === undefined ? {} : { getOutHelpWidth: () => helpWidth }),
    })
    .configureHelp({ showGlobalOptions: true, subcommandTerm: termOf })
    .showSuggestionAfterError()
    .showHelpAfterError("(--help tells how it is used)");
  program
    .description("Serve ONNX models from an S3 bucket: publish, promote, roll back, ask.")
    .version(version, "-V, --version", "tell the version")
    .helpOption("-h, --help", "tell how it is used")
    .helpCommand(false)
    .option("--url <url>", `the server; or FRESHET_URL (default: ${DEFAULT_URL})`)
    .option("--token <token>", "the token; better FRESHET_TOKEN, which others cannot see")
    .option("--json", "answer in JSON, for scripts")
    .option("--no-color", "without colours; or NO_COLOR")
    .option("--verbose", "say which server and whose token")
    .addHelpText("after", AFTER);
  const model = addGroup(program, "model", "publish, look at and clear away versions of models");
  for (const add of MODEL_COMMANDS) add(model, terminal);
  addAliasCommands(program, terminal);
  addMoveCommands(program, terminal);
  addHistoryCommand(program, terminal);
  addPredictCommand(program, terminal);
  addPredictionCommands(program, terminal);
  addOutcomeCommands(program, terminal);
  addQualityCommands(program, terminal);
  addBundleCommands(program, terminal);
  addEntityCommands(program, terminal);
  addConversationCommands(program, terminal);
  addServerCommands(program, terminal);
  addCronCommand(program, terminal);
  addJobsCommands(program, terminal);
  addAuditCommands(program, terminal);
  addBackupCommands(program, terminal);
  addCacheCommands(program, terminal);
  addDoctorCommand(program, terminal);
  return program;
}
