import type { ShownBody } from "./_render.ts";

/** What a record of words says: bodies come from other people's programs, so nothing is sure. */
export function saidBody(
  kind: "text" | "action" | "reaction",
  body: Readonly<Record<string, unknown>> | undefined,
): ShownBody {
  const { text, re, react, mentions } = body ?? {};
  const answers = Number.isSafeInteger(re) ? { re: Number(re) } : {};
  if (kind === "reaction") {
    return { kind, ...answers, react: typeof react === "string" ? react : "" };
  }
  const names = Array.isArray(mentions) ? mentions.filter((name) => typeof name === "string") : [];
  return {
    kind,
    text: typeof text === "string" ? text : "",
    ...answers,
    ...(names.length === 0 ? {} : { mentions: names }),
  };
}
