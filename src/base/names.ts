import type { Brand } from "./brand.ts";
import { Fault } from "./fault.ts";

/** A person's or room's name as its owner spelled it. */
export type Name = Brand<string, "Name">;
/** The same name as it is compared: without regard to case. */
export type FoldedName = Brand<string, "FoldedName">;

const NAME = /^(?!\d+$)[A-Za-z0-9_-]{1,32}$/;

export function isName(text: string): text is Name {
  return NAME.test(text);
}

/** @throws Fault name-invalid */
export function checkName(text: string, what = "name"): Name {
  if (isName(text)) return text;
  throw new Fault("name-invalid", `'${text.slice(0, 40)}' cannot be a ${what}`);
}

export function foldName(name: Name): FoldedName {
  return name.toLowerCase() as FoldedName;
}

export type Target =
  | { readonly kind: "room"; readonly name: Name }
  | { readonly kind: "person"; readonly name: Name };

/** `lobby` and `#lobby` are the room, `@ana` is the person. @throws Fault name-invalid */
export function parseTarget(text: string): Target {
  if (text.startsWith("@")) {
    return { kind: "person", name: checkName(text.slice(1), "person's name") };
  }
  const bare = text.startsWith("#") ? text.slice(1) : text;
  return { kind: "room", name: checkName(bare, "room's name") };
}

export function formatTarget(target: Target): string {
  return target.kind === "person" ? `@${target.name}` : target.name;
}
