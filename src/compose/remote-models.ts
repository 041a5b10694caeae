import type { AddressRules } from "../adapters/remote/check-address.ts";
import { checkBy } from "../adapters/remote/check-strategy.ts";
import type { RemoteDeps } from "../adapters/remote/remote-models.ts";
import type { RemoteModels } from "../core/ports/remote-models.ts";

/** The remote models, loaded with the first question: most isolates ask none, and a cold start does not wait for them. */
export function createLazyRemoteModels(rules: AddressRules, deps: RemoteDeps): RemoteModels {
  let models: RemoteModels | undefined;
  return {
    check: checkBy(rules, deps.secretOf),
    async ask(context, question) {
      const { createRemoteModels } = await import("../adapters/remote/remote-models.ts");
      // One for the isolate: it knows which hosts are left alone.
      models ??= createRemoteModels(rules, deps);
      return models.ask(context, question);
    },
  };
}
