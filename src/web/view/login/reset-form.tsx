/** Form that sets a new password with an operator's reset link. */

import { type FormEvent, useState } from "react";
import { Button } from "../shell/button.tsx";
import { usePartPage } from "../shell/full-page.ts";
import type { LazyProps } from "../shell/lazy.tsx";
import { NewPassword } from "../shell/new-password.tsx";

export function ResetForm({ work, onOther }: LazyProps["Reset"]) {
  const { texts, chat } = usePartPage();
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    work.forget();
    work.run(() => chat.recover(password));
  };
  return (
    <form onSubmit={submit} className="enter-form">
      <p>{texts.resetExplained}</p>
      <NewPassword onChange={setPassword} isFirst />
      <Button type="submit" look="main wide" disabled={work.isBusy || password === ""}>
        {work.isBusy ? texts.entering : texts.resetSet}
      </Button>
      <Button look="quiet" onClick={onOther}>
        {texts.resetOther}
      </Button>
    </form>
  );
}
