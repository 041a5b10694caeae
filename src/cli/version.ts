import packageJson from "../../package.json" with { type: "json" };

/** Of this command. */
export const { version } = packageJson;
