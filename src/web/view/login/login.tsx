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
  useModel,
  usePage,
  useTexts,
  useWork,
  type Work,
} from "../shell/context.tsx";
import { Field } from "../shell/form.tsx";
import { GuessDelayLine, LazyPart, useIdleParts, type WrongEntry } from "../shell/lazy.tsx";

function enter(page: PageValue, user: string, password: string, roomSecret: string): Promise<void> {
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

/** An error that concerns no field, or the reason for a delay. */
function Refusal({ fault }: { readonly fault: unknown }) {
  return (
    <>
      <GuessDelayLine />
      <FaultLine fault={fault} />
    </>
  );
}

function KnownUsers({ work, onOther }: { readonly work: Work; readonly onOther: () => void }) {
  const page = usePage();
  const { texts, chat } = page;
  return (
    <fieldset className="known">
      <legend>{texts.knownHere}</legend>
      {chat.knownUsers.map((user) => (
        <Button
          key={user}
          look="wide"
          disabled={work.isBusy}
          onClick={() => work.run(() => enter(page, user, "", ""))}
        >
          {texts.enterAs(cleanText(user))}
        </Button>
      ))}
      <Button look="quiet" onClick={onOther}>
        {texts.somebodyElse}
      </Button>
    </fieldset>
  );
}

interface FormProps {
  readonly server: ServerView;
  readonly work: Work;
  readonly refused: unknown;
}

/** A form for registration and login: the server knows which it is. */
function EnterForm({ server, work, refused }: FormProps) {
  const page = usePage();
  const { texts, chat, lazy } = page;
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [roomSecret, setRoomSecret] = useState("");
  const [wrong, setWrong] = useState<WrongEntry>();
  const [taken] = useState(() => new Set<FoldedName>());
  const isAsked = refused instanceof Fault && refused.code === "room-password-wrong";
  const needsRoom = server.needsRoomPassword && (!chat.isInvited || isAsked);
  useEffect(() => {
    if (wrong !== undefined) document.getElementById(`enter-${wrong.at}`)?.focus();
  }, [wrong]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const name = user.trim();
    setWrong(undefined);
    work.run(async () => {
      try {
        await enter(page, name, password, roomSecret);
      } catch (fault) {
        // If the code cannot be loaded, the error appears below the fields.
        const parts = await lazy.fetch().catch(() => undefined);
        setWrong(parts?.wrongEntry({ fault, name, password, roomSecret, taken }, texts));
        throw fault;
      }
    });
  };
  const take = (name: string) => {
    setUser(name);
    setWrong(undefined);
    work.forget();
    document.getElementById("enter-name")?.focus();
  };
  const faultAt = (place: WrongEntry["at"]): ReactNode =>
    wrong?.at === place ? (
      <>
        {wrong.text} {wrong.proposal && <wrong.proposal onTake={take} />}
      </>
    ) : undefined;
  return (
    <form onSubmit={submit} className="enter-form" noValidate>
      <p>{texts.enterExplained}</p>
      <Field
        id="enter-name"
        label={texts.name}
        value={user}
        onChange={setUser}
        complete="username"
        isRequired
        isFirst
        fault={faultAt("name")}
      />
      <Field
        id="enter-password"
        label={texts.password}
        hint={server.keepsKey ? texts.passwordHint : texts.passwordNeeded}
        type="password"
        value={password}
        onChange={setPassword}
        complete="current-password"
        fault={faultAt("password")}
      />
      {needsRoom ? (
        <Field
          id="enter-room"
          label={texts.roomPassword}
          hint={texts.roomPasswordHint}
          type="password"
          value={roomSecret}
          onChange={setRoomSecret}
          fault={faultAt("room")}
        />
      ) : null}
      {chat.isInvited && !needsRoom ? (
        <p className="hint">{chat.isOperatorInvited ? texts.invitedOperator : texts.invited}</p>
      ) : null}
      <Refusal fault={wrong === undefined ? refused : undefined} />
      <Button type="submit" look="main wide" disabled={work.isBusy}>
        {work.isBusy ? texts.entering : texts.enter}
      </Button>
    </form>
  );
}

export function Login() {
  const { texts, chat } = usePage();
  const { server, connection } = useModel();
  const work = useWork();
  const [isOther, setOther] = useState(false);
  const [hasActed, setActed] = useState(false);
  useEffect(() => {
    if (work.isBusy) setActed(true);
  }, [work.isBusy]);
  // From then on `work` holds the outcome.
  const told = connection.kind === "outside" && !hasActed ? connection.fault : undefined;
  const refused = work.fault ?? told;
  const isKnown = chat.knownUsers.length > 0 && !isOther;
  const areParts = useIdleParts();
  const [isResetting, setResetting] = useState(chat.isResetting);
  const enterOtherwise = () => {
    chat.forgetReset();
    work.forget();
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
              <LazyPart
                part="Reset"
                work={work}
                onOther={enterOtherwise}
                onClose={() => setResetting(false)}
              />
            ) : isKnown ? (
              <KnownUsers work={work} onOther={() => setOther(true)} />
            ) : (
              <EnterForm server={server} work={work} refused={refused} />
            )}
            {isResetting || isKnown ? <Refusal fault={refused} /> : null}
            <Fingerprint server={server} />
          </>
        )}
      </div>
      {areParts && server !== undefined ? <LazyPart part="ProgramOffer" /> : null}
    </main>
  );
}
