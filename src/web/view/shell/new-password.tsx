import { Field } from "./form.tsx";
import { usePartPage } from "./part-page.ts";

interface NewPasswordProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Whose it is, for managers of passwords; undefined: that is not known here. */
  readonly user?: string | undefined;
  readonly isFirst?: boolean;
}

/** The field of a form that sets another password. */
export function NewPassword({ value, onChange, user, isFirst = false }: NewPasswordProps) {
  const { texts } = usePartPage();
  return (
    <>
      {user === undefined ? null : (
        <input type="text" autoComplete="username" value={user} readOnly hidden />
      )}
      <Field
        id="new-password"
        label={texts.newPassword}
        type="password"
        value={value}
        onChange={onChange}
        complete="new-password"
        isRequired
        isFirst={isFirst}
      />
    </>
  );
}
