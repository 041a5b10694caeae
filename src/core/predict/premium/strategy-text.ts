import type { PremiumStrategy } from "../../model/strategies.ts";

/**
 * What of a strategy its answers depend on, as text: equal for two strategies exactly when the
 * answers of the one may stand for the other's. Patience, limits and modes are left out.
 */
export function strategyText(strategy: PremiumStrategy): string {
  const { kind, schema = null } = strategy;
  switch (kind) {
    case "model":
      return JSON.stringify([kind, schema, strategy.reference]);
    case "oip":
      return JSON.stringify([kind, schema, strategy.url, strategy.reference]);
    case "chat": {
      const { url, chat_model, prompt, system, map, temperature, max_tokens } = strategy;
      return JSON.stringify([
        ...[kind, schema, url, chat_model, prompt, system ?? null],
        ...[map ?? null, temperature ?? null, max_tokens ?? null],
      ]);
    }
  }
}
