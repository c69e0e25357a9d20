/** Form that sets a new password with an operator's reset link. */

import { type FormEvent, useState } from "react";
import { Button } from "../shell/button.tsx";
import { type Task, usePage } from "../shell/context.tsx";
import { NewPassword } from "../shell/new-password.tsx";

interface ResetProps {
  readonly task: Task;
  readonly onOther: () => void;
}

export function ResetForm({ task, onOther }: ResetProps) {
  const { texts, chat } = usePage();
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    task.forget();
    task.run(() => chat.recover(password));
  };
  return (
    <form onSubmit={submit} className="enter-form">
      <p>{texts.resetExplained}</p>
      <NewPassword onChange={setPassword} isFirst />
      <Button type="submit" variant="main wide" disabled={task.isBusy || password === ""}>
        {task.isBusy ? texts.signingIn : texts.resetSet}
      </Button>
      <Button variant="quiet" onClick={onOther}>
        {texts.resetOther}
      </Button>
    </form>
  );
}
