/** Assigns login errors to the form's fields. */

import type { ComponentType } from "react";
import { Fault } from "../../../base/fault.ts";
import { PASSWORD_CHARS_MIN } from "../../../base/limits.ts";
import { type FoldedName, foldName, isName } from "../../../base/names.ts";
import { proposeName } from "../../../base/new-names.ts";
import { cleanText } from "../../../base/text.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import { Button } from "../shell/button.tsx";

export interface LoginAttempt {
  readonly fault: unknown;
  readonly name: string;
  readonly password: string;
  readonly roomSecret: string;
  readonly takenNames: Set<FoldedName>;
}

export interface LoginFieldError {
  readonly at: "name" | "password" | "room";
  readonly text: string;
  readonly proposal?: ComponentType<{ readonly onUse: (name: string) => void }>;
}

export function loginFieldError(attempt: LoginAttempt, texts: Texts): LoginFieldError | undefined {
  const { fault, name, password, roomSecret, takenNames } = attempt;
  if (!(fault instanceof Fault)) return undefined;
  const clean = cleanText(name);
  const proposal = ({ onUse }: { readonly onUse: (name: string) => void }) => {
    const suggestion = proposeName(name, takenNames);
    return (
      <Button variant="small" onClick={() => onUse(suggestion)}>
        {texts.useName(suggestion)}
      </Button>
    );
  };
  switch (fault.code) {
    case "name-invalid": {
      const text = isName(name) ? texts.nameRefused : texts.nameInvalid;
      return { at: "name", text, ...(name === "" ? {} : { proposal }) };
    }
    case "usage":
      return isShort(password)
        ? { at: "password", text: texts.passwordShort(PASSWORD_CHARS_MIN) }
        : undefined;
    case "room-password-wrong":
      if (roomSecret !== "") return { at: "room", text: faultText(fault, texts) };
      // The server does not reveal whether the name exists. With a password, the name is assumed to
      // exist.
      return password === ""
        ? { at: "room", text: texts.roomPasswordMissing(clean) }
        : { at: "password", text: texts.passwordOrRoom(clean) };
    case "login-refused": {
      if (!isName(name)) return undefined;
      takenNames.add(foldName(name));
      return password === ""
        ? { at: "name", text: texts.nameTaken(clean), proposal }
        : { at: "password", text: texts.passwordWrong, proposal };
    }
    default:
      return undefined;
  }
}

function isShort(password: string): boolean {
  return password !== "" && [...password].length < PASSWORD_CHARS_MIN;
}
