/** The login form. */

import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { Fault } from "../../../base/fault.ts";
import type { FoldedName } from "../../../base/names.ts";
import { cleanText } from "../../../base/text.ts";
import type { ServerView } from "../../../core/model/state.ts";
import { Button } from "../shell/button.tsx";
import {
  FaultLine,
  type PageValue,
  type Task,
  useModel,
  usePage,
  useTask,
  useTexts,
} from "../shell/context.tsx";
import { Field } from "../shell/form.tsx";
import { TrustOffer } from "../trust/offer.tsx";
import { type LoginFieldError, loginFieldError } from "./field-error.tsx";
import { GuessDelayNotice } from "./guess-delay.tsx";
import { LinkForm } from "./link-form.tsx";
import { ProgramOffer } from "./program-offer.tsx";
import { ResetForm } from "./reset-form.tsx";

function logIn(page: PageValue, user: string, password: string, roomSecret: string): Promise<void> {
  return page.chat.enter({
    user,
    ...(password === "" ? {} : { password }),
    ...(roomSecret === "" ? {} : { roomSecret }),
  });
}

function ServerCard({ server }: { readonly server: ServerView }) {
  const texts = useTexts();
  return (
    <>
      {server.welcome === undefined ? null : (
        <p className="welcome" dir="auto">
          {cleanText(server.welcome, { lines: true })}
        </p>
      )}
      {server.changedFrom === undefined ? null : (
        <p className="warning" role="alert">
          {texts.fingerprintChanged(server.changedFrom)}
        </p>
      )}
    </>
  );
}

function Fingerprint({ server }: { readonly server: ServerView }) {
  const texts = useTexts();
  return (
    <details className="fingerprint" open={server.changedFrom !== undefined}>
      <summary>{texts.fingerprint}</summary>
      <code>{server.fingerprint}</code>
      <p>{texts.fingerprintHint}</p>
    </details>
  );
}

function Refusal({ fault }: { readonly fault: unknown }) {
  return (
    <>
      <GuessDelayNotice />
      <FaultLine fault={fault} />
    </>
  );
}

function KnownUsers({ task, onOther }: { readonly task: Task; readonly onOther: () => void }) {
  const page = usePage();
  const { texts, chat } = page;
  return (
    <fieldset className="known">
      <legend>{texts.knownAccounts}</legend>
      {chat.knownUsers.map((user) => (
        <Button
          key={user}
          variant="wide"
          disabled={task.isBusy}
          onClick={() => task.run(() => logIn(page, user, "", ""))}
        >
          {texts.continueAs(cleanText(user))}
        </Button>
      ))}
      <Button variant="quiet" onClick={onOther}>
        {texts.useOtherName}
      </Button>
    </fieldset>
  );
}

interface FormProps {
  readonly server: ServerView;
  readonly task: Task;
  readonly refused: unknown;
}

/** The server decides by the name whether to register the user or log in. */
function LoginForm({ server, task, refused }: FormProps) {
  const page = usePage();
  const { texts, chat } = page;
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [roomSecret, setRoomSecret] = useState("");
  const [wrong, setWrong] = useState<LoginFieldError>();
  const [takenNames] = useState(() => new Set<FoldedName>());
  const isRejected = refused instanceof Fault && refused.code === "room-password-wrong";
  const needsRoom = server.needsRoomPassword && (!chat.isInvited || isRejected);
  useEffect(() => {
    if (wrong !== undefined) document.getElementById(`enter-${wrong.at}`)?.focus();
  }, [wrong]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const name = user.trim();
    setWrong(undefined);
    task.run(async () => {
      try {
        await logIn(page, name, password, roomSecret);
      } catch (fault) {
        setWrong(loginFieldError({ fault, name, password, roomSecret, takenNames }, texts));
        throw fault;
      }
    });
  };
  const acceptProposal = (name: string) => {
    setUser(name);
    setWrong(undefined);
    task.forget();
    document.getElementById("enter-name")?.focus();
  };
  const fieldFault = (field: LoginFieldError["at"]): ReactNode =>
    wrong?.at === field ? (
      <>
        {wrong.text} {wrong.proposal && <wrong.proposal onUse={acceptProposal} />}
      </>
    ) : undefined;
  return (
    <form onSubmit={submit} className="enter-form" noValidate>
      <p>{texts.loginExplained}</p>
      <Field
        id="enter-name"
        label={texts.name}
        value={user}
        onChange={setUser}
        complete="username"
        isRequired
        isFirst
        fault={fieldFault("name")}
      />
      <Field
        id="enter-password"
        label={texts.password}
        hint={server.keepsKey ? texts.passwordHint : texts.passwordNeeded}
        type="password"
        value={password}
        onChange={setPassword}
        complete="current-password"
        fault={fieldFault("password")}
      />
      {needsRoom ? (
        <Field
          id="enter-room"
          label={texts.roomPassword}
          hint={texts.roomPasswordHint}
          type="password"
          value={roomSecret}
          onChange={setRoomSecret}
          fault={fieldFault("room")}
        />
      ) : null}
      {chat.isInvited && !needsRoom ? (
        <p className="hint">{chat.isOperatorInvited ? texts.invitedOperator : texts.invited}</p>
      ) : null}
      <Refusal fault={wrong === undefined ? refused : undefined} />
      <Button type="submit" variant="main wide" disabled={task.isBusy}>
        {task.isBusy ? texts.signingIn : texts.continueLogin}
      </Button>
    </form>
  );
}

export function Login() {
  const { texts, chat } = usePage();
  const { server, connection } = useModel();
  const task = useTask();
  const [usesOtherName, setUsesOtherName] = useState(false);
  const [hasAttempted, setAttempted] = useState(false);
  useEffect(() => {
    if (task.isBusy) setAttempted(true);
  }, [task.isBusy]);
  const loginFault = connection.kind === "outside" && !hasAttempted ? connection.fault : undefined;
  const refused = task.fault ?? loginFault;
  const showsKnownUsers = chat.knownUsers.length > 0 && !usesOtherName;
  const [isLinking, setLinking] = useState(chat.linkCode !== undefined);
  const leaveLinking = () => {
    chat.forgetLinkCode();
    task.forget();
    setLinking(false);
  };
  const [isResetting, setResetting] = useState(chat.isResetting);
  const discardReset = () => {
    chat.forgetReset();
    task.forget();
    setResetting(false);
  };
  return (
    <main className="entering">
      <div className="card">
        <h1 dir="auto">{server === undefined ? texts.connecting : cleanText(server.name)}</h1>
        {server === undefined ? null : (
          <>
            <ServerCard server={server} />
            {isResetting ? (
              <ResetForm task={task} onOther={discardReset} />
            ) : isLinking ? (
              <LinkForm task={task} onOther={leaveLinking} />
            ) : showsKnownUsers ? (
              <KnownUsers task={task} onOther={() => setUsesOtherName(true)} />
            ) : (
              <LoginForm server={server} task={task} refused={refused} />
            )}
            {isResetting || isLinking || showsKnownUsers ? <Refusal fault={refused} /> : null}
            {isResetting || isLinking || !server.keepsKey ? null : (
              <Button variant="quiet" onClick={() => setLinking(true)}>
                {texts.linkHere}
              </Button>
            )}
            <Fingerprint server={server} />
            <TrustOffer hint={texts.trustServerHint} />
          </>
        )}
      </div>
      {server !== undefined ? <ProgramOffer /> : null}
    </main>
  );
}
