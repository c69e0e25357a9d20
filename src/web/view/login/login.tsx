/** The login form. */

import { type ComponentType, type ReactNode, useEffect, useRef, useState } from "react";
import { Fault } from "../../../base/fault.ts";
import { PASSWORD_CHARS_MIN } from "../../../base/limits.ts";
import { type FoldedName, foldName, isName } from "../../../base/names.ts";
import { cleanText } from "../../../base/text.ts";
import { TypedCode } from "../../../client/login.ts";
import { isSameName } from "../../../core/model/item.ts";
import type { ServerView } from "../../../core/model/state.ts";
import { FORGOTTEN_KEY, KNOWN_KEY } from "../../../ui/local-keys.ts";
import type { StartTexts } from "../../../ui/messages/en/start.ts";
import { LANGUAGES, type Language } from "../../../ui/messages/languages.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import type { Answer } from "../../../wire/messages.ts";
import { attempt } from "../../input/attempt.ts";
import { isLinkCode } from "../../input/typed-code.ts";
import { Announced } from "../shell/announced.tsx";
import { Button } from "../shell/button.tsx";
import {
  FaultLine,
  type RunningTask,
  type StartValue,
  useModel,
  useStart,
  useStartTexts,
  useTask,
} from "../shell/context.tsx";
import { confirm } from "../shell/dialog.tsx";
import { Field } from "../shell/form.tsx";
import { Icon } from "../shell/icons.tsx";
import { LazyModule, useModule } from "../shell/lazy.ts";
import { readLocal } from "../shell/local.ts";
import { NewPassword } from "../shell/new-password.tsx";
import { trustOffer } from "../trust/offer-module.ts";
import { GuessDelayNotice } from "./guess-delay.tsx";

interface TypedLogin {
  readonly user: string;
  readonly password?: string;
  readonly roomSecret?: string;
  /** Full name, from which `user` was derived. */
  readonly fullName?: string | undefined;
}

/**
 * Logs in. Asks before an unknown name gets an account, which `create` then makes.
 * @throws {Fault} as `PageClient.enter`
 */
async function logIn(
  page: StartValue,
  { fullName, ...login }: TypedLogin,
  create: () => void,
): Promise<void> {
  const { texts, chat } = page;
  try {
    const confirmNew = () => Promise.resolve(false);
    await chat.enter({ ...login, displayName: fullName, confirmNew });
  } catch (fault) {
    const isUnknown = fault instanceof Fault && fault.code === "user-unknown";
    if (!isUnknown || (isClosedTo(chat) && login.roomSecret === "")) throw fault;
    const name = cleanText(login.user);
    // After the question, the focus returns to this field.
    document.getElementById("enter-name")?.focus();
    const explained =
      fullName === undefined ? texts.createExplained : texts.createFullName(cleanText(fullName));
    confirm(page, {
      title: texts.createAsk(name),
      text: explained,
      action: texts.createDo,
      onConfirm: create,
    });
  }
}

/** Whether only people with an invite may create accounts, and this page has none. */
function isClosedTo({ model, isInvited }: StartValue["chat"]): boolean {
  return model.server?.isClosed === true && !isInvited;
}

/** Creates the account, with the typed full name as its display name. */
async function register(page: StartValue, { fullName, ...login }: TypedLogin): Promise<void> {
  await page.chat.enter(login);
  if (fullName !== undefined) await page.chat.actions.setDisplayName(fullName).catch(page.fail);
}

/** Name and welcome message in the document, until the server has sent them. */
function serverBefore() {
  const text = (selector: string) => document.querySelector(selector)?.textContent ?? undefined;
  return {
    tile: text(".card .tile-server"),
    name: text(".card h1") ?? document.title,
    welcome: text(".card .welcome"),
  };
}

function Heading({ server }: { readonly server: ServerView | undefined }) {
  const [before] = useState(serverBefore);
  const { name, welcome } = server ?? before;
  return (
    <>
      <span className="tile tile-server" aria-hidden="true">
        {before.tile}
      </span>
      <h1 dir="auto">{cleanText(name)}</h1>
      {welcome === undefined ? null : (
        <p className="welcome" dir="auto">
          {cleanText(welcome, { lines: true })}
        </p>
      )}
    </>
  );
}

function Fingerprint({ server }: { readonly server: ServerView }) {
  const texts = useStartTexts();
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

interface KnownProps {
  readonly task: RunningTask;
  readonly onOther: () => void;
  readonly onOwner: OnOwner;
}

function KnownAccounts({ task, onOther, onOwner }: KnownProps) {
  const page = useStart();
  const { texts } = page;
  const { AccountFaces } = useModule(faces) ?? {};
  const [wrong, setWrong] = useState<ReactNode>();
  const enter = async (login: TypedLogin, run: () => Promise<void>) => {
    setWrong(undefined);
    try {
      await run().catch((fault: unknown) => takeCode(page, fault, onOwner));
    } catch (fault) {
      const isRefused = fault instanceof Fault && WRONG_CODES.has(fault.code);
      if (isRefused && login.password !== "") setWrong(texts.passwordWrong);
      throw fault;
    }
  };
  const onEnter = (user: string, password: string) => {
    const login = { user, password };
    const create = () => void task.run(() => enter(login, () => register(page, login)));
    task.run(() => enter(login, () => logIn(page, login, create)));
  };
  return (
    <>
      {AccountFaces === undefined ? null : (
        <AccountFaces task={task} onEnter={onEnter} onOther={onOther} fault={wrong} />
      )}
      <Refusal fault={wrong === undefined ? task.fault : undefined} />
    </>
  );
}

/** Refusals of a name and password that do not match. */
const WRONG_CODES: ReadonlySet<string> = new Set(["login-refused", "room-password-wrong"]);

interface FormProps {
  /** `undefined` while the page connects. */
  readonly server: ServerView | undefined;
  readonly task: RunningTask;
  readonly refused: unknown;
  /** Opens the form for a code. */
  readonly onCode: () => void;
  readonly onOwner: OnOwner;
}

type Owner = Answer<"recover-user">;
/** Receives whose password a typed code sets. */
type OnOwner = (owner: Owner) => void;

/** Text that the user typed into the form of the document, before the page's scripts ran. */
function typedBefore(id: string): string {
  const field = document.getElementById(id);
  return field instanceof HTMLInputElement ? field.value : "";
}

/** The server decides by the name whether to register the user or log in. */
function LoginForm({ server, task, refused, onCode, onOwner }: FormProps) {
  const page = useStart();
  const { texts, chat } = page;
  const { signedOut } = chat;
  const [user, setUser] = useState(() => signedOut?.user ?? typedBefore("enter-name"));
  const [password, setPassword] = useState(() => typedBefore("enter-password"));
  const [roomSecret, setRoomSecret] = useState("");
  const [wrong, setWrong] = useState<LoginFieldError>();
  const [takenNames] = useState(() => new Set<FoldedName>());
  /** Full name for which the form proposed an account name. */
  const [fullName, setFullName] = useState<{ readonly text: string; readonly account: string }>();
  const isRejected = refused instanceof Fault && refused.code === "room-password-wrong";
  const isClosed = isClosedTo(chat);
  const needsRoom = server?.needsRoomPassword === true && (!chat.isInvited || isRejected);
  useEffect(() => {
    if (wrong !== undefined) document.getElementById(`enter-${wrong.at}`)?.focus();
  }, [wrong]);
  /**
   * Returns what was typed as an account name or, if it is none, as a display name with a derived
   * account name.
   */
  const typedLogin = async (): Promise<TypedLogin> => {
    const typed = user.trim();
    const secrets = { password, roomSecret };
    if (fullName?.account === typed) return { ...secrets, user: typed, fullName: fullName.text };
    if (isName(typed) || typed === "") return { ...secrets, user: typed };
    const { proposeName } = await newNames.fetch();
    return { ...secrets, user: proposeName(typed), fullName: typed };
  };
  const attempt = async (login: TypedLogin, run: () => Promise<void>) => {
    setWrong(undefined);
    try {
      await run().catch((fault: unknown) => takeCode(page, fault, onOwner));
    } catch (fault) {
      setWrong(
        loginFieldError(
          {
            fault,
            password,
            roomSecret,
            takenNames,
            isClosed,
            name: login.user,
            typed: login.fullName,
          },
          texts,
        ),
      );
      throw fault;
    }
  };
  const passwordReason =
    server?.keepsKey === false || chat.isKeyEphemeral
      ? texts.passwordNeeded
      : chat.isPrivate
        ? texts.passwordPrivate
        : undefined;
  const isReasonShown = wrong !== undefined && wrong.text === passwordReason;
  /** Without a key that outlasts the window, nobody could enter the account again. */
  const lacksPassword = () => {
    if (!(chat.isKeyEphemeral || chat.isPrivate) || password !== "") return false;
    setWrong({ at: "password", text: passwordReason ?? "" });
    return true;
  };
  const submit = task.onSubmit(async () => {
    if (lacksPassword()) return;
    const login = await typedLogin();
    const create = () => {
      if (lacksPassword()) return;
      void task.run(() => attempt(login, () => register(page, login)));
    };
    await attempt(login, () => logIn(page, login, create));
  });
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const { dataset } = document.documentElement;
    if (dataset["entered"] === undefined) return;
    delete dataset["entered"];
    form.current?.requestSubmit();
  }, []);
  const acceptProposal = (name: string) => {
    if (!isName(user.trim())) setFullName({ text: user.trim(), account: name });
    setUser(name);
    setWrong(undefined);
    task.forget();
    document.getElementById("enter-name")?.focus();
  };
  const fieldFault = (field: LoginFieldError["at"]): ReactNode =>
    wrong?.at === field ? (
      <>
        {wrong.text}{" "}
        {wrong.offersCode === true ? (
          <Button variant="small" onClick={onCode}>
            {texts.linkHere}
          </Button>
        ) : null}{" "}
        {wrong.proposal && <wrong.proposal onUse={acceptProposal} />}
      </>
    ) : undefined;
  return (
    <form ref={form} onSubmit={submit} className="enter-form" noValidate>
      {signedOut === undefined ? (
        <p>{isClosed ? texts.loginClosed : texts.loginExplained}</p>
      ) : (
        <Announced kind="notice">
          {texts.signedOutHere(cleanText(signedOut.user), signedOut.unsent)}
        </Announced>
      )}
      {isRejected && chat.isOperatorInvited ? (
        <Announced kind="notice">{texts.operatorLinkUsed}</Announced>
      ) : null}
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
        {...(isReasonShown ? {} : { hint: passwordReason ?? texts.passwordHint })}
        type="password"
        value={password}
        onChange={setPassword}
        complete="current-password"
        fault={fieldFault("password")}
      />
      {needsRoom ? (
        <Field
          id="enter-room"
          label={isClosed ? texts.inviteCode : texts.roomPassword}
          hint={isClosed ? texts.inviteCodeHint : texts.roomPasswordHint}
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

function LanguageChoice() {
  const { texts, change } = useStart();
  return (
    <span className="enter-language-place">
      <Icon name="globe" />
      <select
        className="enter-language"
        aria-label="Language, bahasa"
        value={texts.lang}
        onChange={({ target }) => change({ language: target.value as Language })}
      >
        {[...LANGUAGES].map(([language, name]) => (
          <option key={language} value={language} lang={language}>
            {name}
          </option>
        ))}
      </select>
    </span>
  );
}

/** Whether an account was just forgotten in this tab. */
function takeForgotten(): boolean {
  const wasForgotten = sessionStorage.getItem(FORGOTTEN_KEY) !== null;
  sessionStorage.removeItem(FORGOTTEN_KEY);
  return wasForgotten;
}

export function SignIn() {
  const { texts, chat } = useStart();
  const { server, connection } = useModel();
  const task = useTask();
  const [usesOtherName, setUsesOtherName] = useState(false);
  const [hasAttempted, setAttempted] = useState(false);
  useEffect(() => {
    if (task.isBusy) setAttempted(true);
  }, [task.isBusy]);
  const isOutside = connection.kind === "outside" && !hasAttempted;
  const { signedOut } = chat;
  const loginFault = isOutside && signedOut === undefined ? connection.fault : undefined;
  const refused = task.fault ?? loginFault;
  const showsKnownUsers =
    chat.knownAccounts.length > 0 && signedOut === undefined && !usesOtherName;
  const [isLinking, setLinking] = useState(chat.linkCode !== undefined);
  const leaveLinking = () => {
    chat.forgetLinkCode();
    task.forget();
    setLinking(false);
  };
  const [isResetting, setResetting] = useState(chat.isResetting);
  const [owner, setOwner] = useState<Owner>();
  // The form shows a refused code beside the field.
  const isTypingCode = isLinking && !isResetting && chat.linkCode === undefined;
  const discardReset = () => {
    chat.forgetReset();
    task.forget();
    setOwner(undefined);
    setResetting(false);
  };
  const chooseFor: OnOwner = (found) => {
    setOwner(found);
    setResetting(true);
  };
  const enterCode = () => {
    task.forget();
    setLinking(true);
  };
  const [wasForgotten] = useState(() => attempt(takeForgotten) === true);
  const { TrustOffer } = useModule(trustOffer) ?? {};
  const { ProgramOffer } = useModule(programOffer) ?? {};
  const waits = server === undefined && readLocal(KNOWN_KEY) === true;
  const form = isResetting ? (
    <ResetForm task={task} known={owner} onOther={discardReset} />
  ) : isLinking ? (
    <CodeForm server={server} task={task} onOwner={chooseFor} onOther={leaveLinking} />
  ) : waits ? null : showsKnownUsers ? (
    <KnownAccounts
      task={task}
      onOther={() => {
        task.forget();
        setUsesOtherName(true);
      }}
      onOwner={chooseFor}
    />
  ) : (
    <LoginForm
      server={server}
      task={task}
      refused={refused}
      onCode={enterCode}
      onOwner={chooseFor}
    />
  );
  return (
    <main className="entering">
      <div className="card">
        <Heading server={server} />
        <div className="enter-sheet">
          {server?.changedFrom === undefined ? null : (
            <Announced kind="notice" className="warning">
              {texts.fingerprintChanged(server.changedFrom)}
            </Announced>
          )}
          {wasForgotten ? <Announced kind="notice">{texts.forgottenNext}</Announced> : null}
          {form}
          {isResetting || isLinking ? (
            <Refusal fault={isTypingCode ? loginFault : refused} />
          ) : null}
          {server === undefined ? null : (
            <>
              <Fingerprint server={server} />
              {TrustOffer && <TrustOffer hint={texts.trustServerHint} />}
              <div className="enter-foot">
                {isResetting || isLinking ? null : (
                  <Button variant="quiet" onClick={enterCode}>
                    <Icon name="qr" />
                    {texts.linkHere}
                  </Button>
                )}
                <LanguageChoice />
              </div>
            </>
          )}
        </div>
      </div>
      {server !== undefined && ProgramOffer ? <ProgramOffer /> : null}
    </main>
  );
}

const programOffer = new LazyModule(() => import("./program-offer.tsx"));
const faces = new LazyModule(() => import("./faces.tsx"));
const newNames = new LazyModule(() => import("../../../base/new-names.ts"));

interface LoginAttempt {
  readonly fault: unknown;
  readonly name: string;
  /** Full name, if `name` was derived from it. */
  readonly typed?: string | undefined;
  readonly password: string;
  readonly roomSecret: string;
  readonly isClosed: boolean;
  readonly takenNames: Set<FoldedName>;
}

interface LoginFieldError {
  readonly at: "name" | "password" | "room";
  readonly text: string;
  readonly proposal?: ComponentType<ProposalProps>;
  /** The account may have a card instead of a password, which the server does not reveal. */
  readonly offersCode?: boolean;
}

interface ProposalProps {
  readonly onUse: (name: string) => void;
}

function Proposal({
  name,
  takenNames,
  onUse,
}: ProposalProps & Pick<LoginAttempt, "name" | "takenNames">) {
  const { texts } = useStart();
  const { proposeName } = useModule(newNames) ?? {};
  const suggestion = proposeName?.(name, takenNames) ?? "";
  const label = texts.useName(suggestion);
  return suggestion === "" ? null : (
    <Button variant="small" onClick={() => onUse(suggestion)}>
      {label}
    </Button>
  );
}

function loginFieldError(attempt: LoginAttempt, texts: StartTexts): LoginFieldError | undefined {
  const { fault, name, password, roomSecret, takenNames } = attempt;
  if (!(fault instanceof Fault)) return undefined;
  const clean = cleanText(attempt.typed ?? name);
  const proposal = ({ onUse }: ProposalProps) => (
    <Proposal name={name} takenNames={takenNames} onUse={onUse} />
  );
  const isClosedFault = ["user-unknown", "not-allowed", "room-password-wrong"].includes(fault.code);
  if (attempt.isClosed && isClosedFault && roomSecret === "")
    return { at: "name", text: texts.closedTo(clean), offersCode: true };
  switch (fault.code) {
    case "name-invalid": {
      const text = isName(name) ? texts.nameRefused : texts.nameInvalid;
      return { at: "name", text, proposal: name === "" ? undefined : proposal };
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
        ? { at: "room", text: texts.roomPasswordMissing(clean), offersCode: true }
        : { at: "password", text: texts.passwordOrRoom(clean), offersCode: true };
    case "login-refused": {
      if (!isName(name)) return undefined;
      takenNames.add(foldName(name));
      return password === ""
        ? { at: "name", text: texts.nameTaken(clean), proposal, offersCode: true }
        : { at: "password", text: texts.passwordUnmatched(clean), proposal, offersCode: true };
    }
    default:
      return undefined;
  }
}

function isShort(password: string): boolean {
  return password !== "" && [...password].length < PASSWORD_CHARS_MIN;
}

/**
 * Continues with the code that was typed where a password is asked for.
 * @throws {Fault} the refusal of the password, if that was no code; otherwise of the code
 */
async function takeCode({ chat }: StartValue, fault: unknown, onOwner: OnOwner): Promise<void> {
  if (!(fault instanceof TypedCode)) throw fault;
  const { resetCode, isCertain, refusal } = fault;
  const owner = await chat.resetUser(resetCode).catch((error: unknown) => {
    const isUnknown = error instanceof Fault && error.code === "code-wrong";
    throw isUnknown && !isCertain ? refusal : error;
  });
  onOwner(owner);
}

interface CodeProps extends ResetProps {
  readonly server: ServerView | undefined;
  readonly onOwner: OnOwner;
}

/**
 * Asks for the code of a card or of another device. Asks even if the page's address has the latter,
 * as anyone could send the user such an address.
 */
function CodeForm({ server, task, onOwner, onOther }: CodeProps) {
  const { texts, chat } = useStart();
  const [typed, setTyped] = useState("");
  const code = chat.linkCode ?? typed;
  const explained = server?.keepsKey === false ? texts.cardCodeExplained : texts.codeExplained;
  const submit = async () => {
    if (chat.linkCode !== undefined || isLinkCode(code)) await chat.joinAccount(code);
    else onOwner(await chat.resetUser(code));
  };
  return (
    <form onSubmit={task.onSubmit(submit)} className="enter-form" noValidate>
      <p>{chat.linkCode === undefined ? explained : texts.linkHereReady}</p>
      {chat.linkCode === undefined ? (
        <Field
          id="enter-link"
          label={texts.codeLabel}
          value={typed}
          onChange={setTyped}
          complete="one-time-code"
          isRequired
          isFirst
          fault={task.fault === undefined ? undefined : faultText(task.fault, texts)}
        />
      ) : null}
      <Button type="submit" variant="main wide" disabled={task.isBusy || code === ""}>
        {task.isBusy
          ? texts.signingIn
          : chat.linkCode === undefined
            ? texts.continueLogin
            : texts.linkHereDo}
      </Button>
      <Button variant="quiet" onClick={onOther}>
        {texts.resetOther}
      </Button>
    </form>
  );
}

function nameOf({ user, displayName }: Owner): string {
  return displayName === undefined ? user : `${cleanText(displayName)} (${user})`;
}

interface ResetProps {
  readonly task: RunningTask;
  readonly onOther: () => void;
}

/** Asks whose password the link sets, because links and cards get mixed up. */
function useResetUser(task: RunningTask, known: Owner | undefined): Owner | undefined {
  const { chat } = useStart();
  const [user, setUser] = useState(known);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once per link
  useEffect(() => {
    if (known === undefined) task.run(() => chat.resetUser().then(setUser));
  }, [chat]);
  return user;
}

function ResetForm({ task, known, onOther }: ResetProps & { readonly known: Owner | undefined }) {
  const { texts, chat } = useStart();
  const [password, setPassword] = useState("");
  const owner = useResetUser(task, known);
  const { signedInUser } = chat;
  const isOther = signedInUser !== undefined && !isSameName(signedInUser, owner?.user);
  return (
    <form onSubmit={task.onSubmit(() => chat.recover(password))} className="enter-form">
      <p>{owner === undefined ? texts.resetExplained : texts.resetFor(nameOf(owner))}</p>
      {isOther ? (
        <Announced kind="notice">{texts.resetInstead(cleanText(signedInUser))}</Announced>
      ) : null}
      <NewPassword onChange={setPassword} isFirst />
      {owner === undefined ? null : (
        <p className="hint">{texts.resetThen(cleanText(owner.user))}</p>
      )}
      <Button type="submit" variant="main wide" disabled={task.isBusy || password === ""}>
        {task.isBusy ? texts.signingIn : texts.resetSet}
      </Button>
      <Button variant="quiet" onClick={onOther}>
        {texts.resetOther}
      </Button>
    </form>
  );
}
