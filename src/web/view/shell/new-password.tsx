/** Two fields for a new password. */

import { useState } from "react";
import { PASSWORD_CHARS_MIN } from "../../../base/limits.ts";
import { useStart } from "./context.tsx";
import { Field } from "./form.tsx";

interface NewPasswordProps {
  /** Called with the password, or "" while it is too short or the two fields differ. */
  readonly onChange: (value: string) => void;
  readonly user?: string | undefined;
  readonly isFirst?: boolean;
}

export function NewPassword({ onChange, user, isFirst = false }: NewPasswordProps) {
  const { texts } = useStart();
  const [typed, setTyped] = useState("");
  const [repeated, setRepeated] = useState("");
  const change = (first: string, second: string) => {
    setTyped(first);
    setRepeated(second);
    onChange([...first].length >= PASSWORD_CHARS_MIN && first === second ? first : "");
  };
  const differs = repeated !== "" && !typed.startsWith(repeated);
  return (
    <>
      {user === undefined ? null : (
        <input type="text" autoComplete="username" value={user} readOnly hidden />
      )}
      <Field
        id="new-password"
        label={texts.newPassword}
        hint={texts.passwordRule(PASSWORD_CHARS_MIN)}
        type="password"
        value={typed}
        onChange={(value) => change(value, repeated)}
        complete="new-password"
        isRequired
        isFirst={isFirst}
      />
      <Field
        id="repeated-password"
        label={texts.repeatPassword}
        type="password"
        value={repeated}
        onChange={(value) => change(typed, value)}
        complete="new-password"
        isRequired
        fault={differs ? texts.passwordsDiffer : undefined}
      />
    </>
  );
}
