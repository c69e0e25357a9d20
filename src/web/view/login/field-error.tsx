/** Assigns login errors to the form's fields. */

import { Fault } from "../../../base/fault.ts";
import { PASSWORD_CHARS_MIN } from "../../../base/limits.ts";
import { foldName, isName } from "../../../base/names.ts";
import { proposeName } from "../../../base/new-names.ts";
import { cleanText } from "../../../base/text.ts";
import { ENGLISH_DEFERRED } from "../../../ui/messages/en/deferred.ts";
import type { Texts } from "../../../ui/messages/en/first.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import { Button } from "../shell/button.tsx";
import type { LoginAttempt, LoginFieldError } from "../shell/lazy.tsx";

export function loginFieldError(
  attempt: LoginAttempt,
  pageTexts: Texts,
): LoginFieldError | undefined {
  const { fault, name, password, roomSecret, takenNames } = attempt;
  const texts = { ...ENGLISH_DEFERRED, ...pageTexts };
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
