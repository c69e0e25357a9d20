/** Form that signs in with the code of a device where the user is signed in. */

import { type FormEvent, useState } from "react";
import { Button } from "../shell/button.tsx";
import { type Task, usePage } from "../shell/context.tsx";
import { Field } from "../shell/form.tsx";

interface LinkFormProps {
  readonly task: Task;
  readonly onOther: () => void;
}

/** Asks even if the page's address has a code, as anyone could send the user such an address. */
export function LinkForm({ task, onOther }: LinkFormProps) {
  const { texts, chat } = usePage();
  const [typed, setTyped] = useState("");
  const code = chat.linkCode ?? typed;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    task.forget();
    task.run(() => chat.joinAccount(code));
  };
  return (
    <form onSubmit={submit} className="enter-form" noValidate>
      <p>{chat.linkCode === undefined ? texts.linkHereExplained : texts.linkHereReady}</p>
      {chat.linkCode === undefined ? (
        <Field
          id="enter-link"
          label={texts.linkHereCode}
          value={typed}
          onChange={setTyped}
          complete="one-time-code"
          isRequired
          isFirst
        />
      ) : null}
      <Button type="submit" variant="main wide" disabled={task.isBusy || code === ""}>
        {task.isBusy ? texts.signingIn : texts.linkHereDo}
      </Button>
      <Button variant="quiet" onClick={onOther}>
        {texts.resetOther}
      </Button>
    </form>
  );
}
