import type { Bundle } from "../../model/bundle.ts";
import type { Deployment } from "../../model/deployment.ts";
import { parseReferenceWord, type Reference } from "../../model/reference.ts";
import { routedVersions, routeOf } from "../../routing/resolve.ts";

/** The parsed references of a bundle, in its order. Its schema has let no other through. */
export const referencesOf = ({ references }: Pick<Bundle, "references">): readonly Reference[] =>
  references.flatMap((word) => {
    const parsed = parseReferenceWord(word);
    return parsed.ok ? [parsed.value] : [];
  });

/** The versions a reference may be answered from now, the one with the most traffic first; none for an unknown alias. */
export function versionsOf(
  deployment: Pick<Deployment, "aliases">,
  { selector }: Reference,
): readonly string[] {
  if (selector.kind === "version") return [selector.version];
  const route = routeOf(deployment, selector.alias);
  if (route === undefined) return [];
  const share = (version: string) => route.weights[version] ?? 0;
  return [...routedVersions(route)].sort((a, b) => share(b) - share(a));
}

/** Names of the bundles that name a version of a model, by its number or through an alias's route. */
export const bundlesNaming = (
  bundles: readonly Bundle[],
  deployment: Pick<Deployment, "aliases" | "model">,
  version: string,
): readonly string[] =>
  bundles.flatMap((bundle) =>
    referencesOf(bundle).some(
      (reference) =>
        reference.model === deployment.model && versionsOf(deployment, reference).includes(version),
    )
      ? [bundle.name]
      : [],
  );
