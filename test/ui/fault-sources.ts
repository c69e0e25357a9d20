/** Faults as the source throws them. */

import { readdirSync, readFileSync } from "node:fs";
import { FAULTS, type FaultCode, isFaultCode } from "../../src/base/fault.ts";
import { type Source, sourceOf } from "../tidy/source.ts";

export const SOURCES = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((path) => /\.tsx?$/.test(path) && !path.startsWith("ui/messages/id/"))
  .map((path) => sourceOf(path, readFileSync(`src/${path}`, "utf8")));

/** Returns the templates of the tag `msg`, with `{}` in place of each value. */
export function templatesIn({ text, code }: Pick<Source, "text" | "code">): string[] {
  return [...code.matchAll(/\bmsg`/g)].map(({ index }) => {
    let [template, at] = ["", index + "msg`".length];
    while (text[at] !== "`") {
      if (text.startsWith("${", at)) {
        template += "{}";
        for (let depth = 0; ; at++) {
          if (text[at] === "{") depth++;
          else if (text[at] === "}" && --depth === 0) break;
        }
      } else if (text[at] === "\\") template += text[++at];
      else template += text[at];
      at++;
    }
    return template;
  });
}

export interface ThrownFault {
  readonly path: string;
  readonly code: FaultCode;
  readonly message: string;
  /** `undefined` if it is that of the code, or chosen elsewhere. */
  readonly remedy: string | undefined;
}

/** Faults that users can mend, with their templates. */
export function userFaults(): readonly ThrownFault[] {
  return SOURCES.flatMap(({ path, text, code: blanked }) =>
    [...blanked.matchAll(/\bnew Fault\(/g)].flatMap(({ index, 0: start }) => {
      let end = index + start.length;
      for (let depth = 1; depth > 0; end++) {
        if (blanked[end] === "(") depth++;
        else if (blanked[end] === ")") depth--;
      }
      const call = text.slice(index, end);
      const [, code = ""] = /^new Fault\(\s*"([\w-]+)"/.exec(call) ?? [];
      if (!isFaultCode(code) || FAULTS[code].blame !== "user") return [];
      const [message, remedy] = templatesIn({ text: call, code: blanked.slice(index, end) });
      return message === undefined ? [] : [{ path, code, message, remedy }];
    }),
  );
}
