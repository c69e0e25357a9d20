/** The accounts of this browser, to choose one and enter its password. */

import { type ReactNode, useEffect, useRef, useState } from "react";
import { cleanText } from "../../../base/text.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { initialsOf } from "../../../ui/text/initials.ts";
import type { KnownAccount } from "../../browser/preferences.ts";
import { Button } from "../shell/button.tsx";
import { type RunningTask, useStart } from "../shell/context.tsx";
import { confirm } from "../shell/dialog.tsx";
import { Check, Field } from "../shell/form.tsx";
import { inkOf } from "../shell/ink.ts";

function nameOf({ user, displayName }: KnownAccount): string {
  return cleanText(displayName ?? user);
}

interface FaceProps {
  readonly account: KnownAccount;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}

function Face({ account, isChosen, onChoose }: FaceProps) {
  return (
    <label className="who">
      <input type="radio" name="who" className="sr-only" checked={isChosen} onChange={onChoose} />
      <span className="who-face" style={inkOf({ tint: tintOf(account.user) })} aria-hidden="true">
        {initialsOf(nameOf(account))}
      </span>
      <span className="who-name" dir="auto">
        {nameOf(account)}
      </span>
    </label>
  );
}

interface AccountFacesProps {
  readonly task: RunningTask;
  /** Logs in, and shows a refusal. */
  readonly onEnter: (user: string, password: string) => void;
  readonly onOther: () => void;
  readonly fault: ReactNode;
}

export function AccountFaces({ task, onEnter, onOther, fault }: AccountFacesProps) {
  const page = useStart();
  const { texts, chat } = page;
  const accounts = chat.knownAccounts;
  const [chosen, setChosen] = useState(accounts[0]?.user);
  const [password, setPassword] = useState("");
  const [isShared, setShared] = useState(chat.isShared);
  const account = accounts.find(({ user }) => user === chosen) ?? accounts[0];
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (chosen !== undefined) form.current?.querySelector<HTMLElement>("#who-password")?.focus();
  }, [chosen]);
  if (account === undefined) return null;
  const { user, hasPassword } = account;
  const opens = chat.opensByKey(user);
  const name = nameOf(account);
  const forget = () =>
    confirm(page, {
      title: texts.forgetAsk(name),
      text: texts.forgetLost,
      action: texts.forgetHere,
      isDanger: true,
      onConfirm: () => chat.forgetAccountOf(user),
    });
  const submit = (event: { preventDefault(): void }) => {
    event.preventDefault();
    if (!opens) chat.setShared(isShared);
    onEnter(user, password);
  };
  return (
    <form ref={form} className="enter-form" onSubmit={submit} noValidate>
      <fieldset className="known">
        <legend className="sr-only">{texts.knownAccounts}</legend>
        {accounts.map((each) => (
          <Face
            key={each.user}
            account={each}
            isChosen={each.user === user}
            onChoose={() => {
              setChosen(each.user);
              setPassword("");
              task.forget();
            }}
          />
        ))}
      </fieldset>
      {/* For password managers. */}
      <input type="text" name="username" autoComplete="username" value={user} readOnly hidden />
      {opens ? null : (
        <>
          <Field
            id="who-password"
            label={texts.passwordOf(name)}
            type="password"
            value={password}
            onChange={setPassword}
            complete="current-password"
            {...(hasPassword === false && { hint: texts.lacksPassword })}
            fault={fault}
          />
          <Check label={texts.sharedComputer} isOn={isShared} onChange={setShared} />
        </>
      )}
      <Button type="submit" variant="main wide" disabled={task.isBusy || !(opens || password)}>
        {task.isBusy ? texts.signingIn : opens ? texts.continueAs(name) : texts.signIn}
      </Button>
      <Button variant="wide" onClick={onOther}>
        {texts.useOtherName}
      </Button>
      <div className="who-foot">
        <p className="hint">{texts.forgetExplained(name)}</p>
        <Button variant="quiet" onClick={forget}>
          {texts.forgetHere}
        </Button>
      </div>
    </form>
  );
}
