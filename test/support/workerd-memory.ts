import { readdirSync, readFileSync } from "node:fs";

/**
 * Resident bytes of the largest workerd that this process has started, as Linux tells them;
 * `undefined` elsewhere.
 */
export function workerdBytes(): number | undefined {
  const sizes = processIds().flatMap((id) => {
    try {
      const status = readFileSync(`/proc/${id}/status`, "utf8");
      const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, "m").exec(status)?.[1];
      const isOurs = field("Name") === "workerd" && field("PPid") === String(process.pid);
      return isOurs ? [Number(field("VmRSS")) * 1024] : [];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
  return sizes.length === 0 ? undefined : Math.max(...sizes);
}

function processIds(): readonly string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
