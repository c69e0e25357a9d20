import { type FormEvent, useState } from "react";
import { Fault } from "../../../base/fault.ts";
import { isName } from "../../../base/names.ts";
import { cleanText } from "../../../base/text.ts";
import type { ServerView } from "../../../core/model/state.ts";
import { type PageValue, useModel, usePage, useTexts, useWork, type Work } from "./context.tsx";
import { faultText } from "./fault-text.ts";
import { Field } from "./form.tsx";
import { GuessDelayLine, ResetForm } from "./lazy.tsx";

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
    <div className="fingerprint">
      <p>{texts.fingerprint}</p>
      <code>{server.fingerprint}</code>
      <p>{texts.fingerprintHint}</p>
    </div>
  );
}

function KnownUsers({ work, onOther }: { readonly work: Work; readonly onOther: () => void }) {
  const page = usePage();
  const { texts, chat } = page;
  return (
    <fieldset className="known">
      <legend>{texts.knownHere}</legend>
      {chat.knownUsers.map((user) => (
        <button
          key={user}
          type="button"
          className="button button-wide"
          disabled={work.isBusy}
          onClick={() => work.run(() => enter(page, user, "", ""))}
        >
          {texts.enterAs(cleanText(user))}
        </button>
      ))}
      <button type="button" className="button button-quiet" onClick={onOther}>
        {texts.somebodyElse}
      </button>
    </fieldset>
  );
}

interface FormProps {
  readonly server: ServerView;
  readonly work: Work;
  readonly refused: unknown;
}

/** One form for registration and log-in: the server knows which of the two it is. */
function EnterForm({ server, work, refused }: FormProps) {
  const page = usePage();
  const { texts, chat } = page;
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [roomSecret, setRoomSecret] = useState("");
  const [isBad, setBad] = useState(false);
  const isAsked = refused instanceof Fault && refused.code === "room-password-wrong";
  const needsRoom = server.needsRoomPassword && (!chat.isInvited || isAsked);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const name = user.trim();
    setBad(!isName(name));
    work.forget();
    if (isName(name)) work.run(() => enter(page, name, password, roomSecret));
  };
  const hint = server.keepsKey ? texts.passwordHint : texts.passwordNeeded;
  return (
    <form onSubmit={submit} className="enter-form">
      <p>{texts.enterExplained}</p>
      <Field
        id="enter-name"
        label={texts.name}
        value={user}
        onChange={setUser}
        complete="username"
        isRequired
        isFirst
      />
      {isBad ? (
        <p className="fault-line" role="alert">
          {texts.nameInvalid}
        </p>
      ) : null}
      <Field
        id="enter-password"
        label={texts.password}
        hint={hint}
        type="password"
        value={password}
        onChange={setPassword}
        complete="current-password"
      />
      {needsRoom ? (
        <Field
          id="enter-room"
          label={texts.roomPassword}
          hint={texts.roomPasswordHint}
          type="password"
          value={roomSecret}
          onChange={setRoomSecret}
          complete="off"
        />
      ) : null}
      {chat.isInvited && !needsRoom ? <p className="hint">{texts.invited}</p> : null}
      <button type="submit" className="button button-main button-wide" disabled={work.isBusy}>
        {work.isBusy ? texts.entering : texts.enter}
      </button>
    </form>
  );
}

/** The form where a user logs in. */
export function Login() {
  const { texts, chat } = usePage();
  const { server, connection } = useModel();
  const work = useWork();
  const [isOther, setOther] = useState(false);
  const told = connection.kind === "outside" ? connection.fault : undefined;
  const refused = work.fault ?? told;
  const isKnown = chat.knownUsers.length > 0 && !isOther;
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
              <ResetForm work={work} onOther={enterOtherwise} onClose={() => setResetting(false)} />
            ) : isKnown ? (
              <KnownUsers work={work} onOther={() => setOther(true)} />
            ) : (
              <EnterForm server={server} work={work} refused={refused} />
            )}
            <GuessDelayLine />
            <p className="fault-line" role="alert">
              {refused === undefined ? "" : faultText(refused, texts)}
            </p>
            <Fingerprint server={server} />
          </>
        )}
      </div>
    </main>
  );
}
