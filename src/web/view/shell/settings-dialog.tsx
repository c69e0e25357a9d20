/** Dialogs for settings and logout. */

import { Fragment, type ReactNode, useEffect, useRef, useState } from "react";
import { cleanText } from "../../../base/text.ts";
import { HOUR_MS } from "../../../base/time.ts";
import { defined } from "../../../base/values.ts";
import { isSameName } from "../../../core/model/item.ts";
import { dndEnd, hasUnreadFirst } from "../../../core/model/selectors.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { EVERYWHERE } from "../../../core/rooms/prefs.ts";
import { ifPossible } from "../../../io/promises.ts";
import type { Texts } from "../../../ui/messages/en/page.ts";
import { LANGUAGES } from "../../../ui/messages/languages.ts";
import {
  PAGE_KEYS,
  type PageSettings,
  type SettingPart,
  settingRow,
} from "../../../ui/settings.ts";
import { PageFault } from "../../../ui/text/fault-text.ts";
import type { KnownAccount } from "../../browser/preferences.ts";
import { type DeviceInfo, revokeOthers } from "../../driver/devices.ts";
import { attempt } from "../../input/attempt.ts";
import { helpOf } from "../../input/help-view.ts";
import { IrcPasswordsDialog } from "../account/irc-passwords.tsx";
import { canNotify, isPhone } from "../attention/push-browser.ts";
import { disablePushes, PushSetting } from "../attention/pushes.tsx";
import { playSound } from "../attention/sound.ts";
import { makeAvatar } from "../files/scale.ts";
import { IgnoredDialog } from "../room/ignored.tsx";
import { Avatar, usePicture, useShownName } from "../room/person.tsx";
import { TrustOffer } from "../trust/offer.tsx";
import { Announced } from "./announced.tsx";
import { Button } from "./button.tsx";
import {
  type CloseProps,
  FaultLine,
  type PageValue,
  useModelValue,
  usePage,
  useTask,
} from "./context.tsx";
import { deviceName, lastSeenText } from "./device-text.ts";
import { confirm, Dialog, FormDialog } from "./dialog.tsx";
import { whenSettled } from "./effects.ts";
import { Check, Field, SelectField } from "./form.tsx";
import { Icon, type IconName } from "./icons.tsx";
import { LinkDialog } from "./link-dialog.tsx";
import { NewPassword } from "./new-password.tsx";
import { enterSends } from "./settings.ts";
import { wakeLocks } from "./wake-lock.ts";

interface LabelProps {
  readonly label: string;
}

type Control = (props: LabelProps) => ReactNode;

/** Controls of settings that do more than change a value. */
const SPECIAL: Partial<Record<keyof PageSettings, Control>> = {
  language: LanguageSetting,
  enterSends: EnterSetting,
  pictures: PicturesSetting,
  keepsAwake: AwakeSetting,
  notify: NotifySetting,
  sounds: SoundsSetting,
};

/** Controls of a part of the settings, in the order of their rows. */
function SettingControls({ part }: { readonly part: SettingPart }) {
  const { lang } = usePage().texts;
  return PAGE_KEYS.map((key) => {
    const { control } = settingRow(key);
    if (control?.part !== part) return null;
    const Special = SPECIAL[key];
    if (Special === undefined) return <PlainSetting key={key} of={key} />;
    return <Special key={key} label={control.label[lang]} />;
  });
}

function PlainSetting({ of }: { readonly of: keyof PageSettings }) {
  const { texts, settings, change } = usePage();
  const { control } = settingRow(of);
  if (control === undefined) return null;
  const { [texts.lang]: label } = control.label;
  const set = (value: unknown) => change({ [of]: value });
  if (control.options === undefined) {
    return <Check label={label} isOn={settings[of] === true} onChange={set} />;
  }
  const choices = Object.entries(control.options).map(
    ([value, text]) => [value, text[texts.lang]] as const,
  );
  return (
    <SelectField
      id={of}
      label={label}
      value={String(settings[of])}
      options={choices}
      onChange={set}
    />
  );
}

function LanguageSetting({ label }: LabelProps) {
  const { texts, change } = usePage();
  return (
    <SelectField
      id="language"
      label={label}
      value={texts.lang}
      options={[...LANGUAGES]}
      onChange={(language) => change({ language })}
      isLanguage
    />
  );
}

function EnterSetting({ label }: LabelProps) {
  const { settings, change } = usePage();
  const set = (isOn: boolean) => change({ enterSends: isOn });
  return <Check label={label} isOn={enterSends(settings)} onChange={set} />;
}

function PicturesSetting({ label }: LabelProps) {
  const { settings, change } = usePage();
  const set = (pictures: boolean) => change({ pictures, otherPictures: [] });
  return <Check label={label} isOn={settings.pictures} onChange={set} />;
}

function AwakeSetting() {
  return wakeLocks() === undefined ? null : <PlainSetting of="keepsAwake" />;
}

function SoundsSetting({ label }: LabelProps) {
  const { settings, change } = usePage();
  const set = (sounds: boolean) => {
    change({ sounds });
    // Plays a sample, because browsers require such a click before a page may play sounds.
    if (sounds) void playSound();
  };
  return <Check label={label} isOn={settings.sounds} onChange={set} />;
}

function UnreadFirst() {
  const { texts, chat } = usePage();
  const hasPrefs = useModelValue(({ prefs }) => prefs !== undefined);
  const isOn = useModelValue(hasUnreadFirst);
  if (!hasPrefs) return null;
  const change = (on: boolean) => chat.actions.setUnreadFirst(on);
  return <Check label={texts.unreadFirst} isOn={isOn} onChange={change} />;
}

function Privacy() {
  const { texts, chat, openDialog } = usePage();
  return (
    <>
      <SettingControls part="privacy" />
      <Button onClick={() => openDialog(IgnoredDialog)}>{texts.ignoredList}</Button>
      <p>{texts.fingerprint}</p>
      <code className="fingerprint-code">{chat.model.server?.fingerprint}</code>
      <TrustOffer hint={texts.trustServerHint} />
    </>
  );
}

/** Describes which notifications work in this browser, and what prevents the rest. */
function notificationsText(
  permission: NotificationPermission | undefined,
  canShow: boolean | undefined,
  texts: Texts,
): string {
  if (canShow === undefined) return "";
  if (!canShow) return texts.notificationsUntrusted;
  if (permission === undefined) return texts.notificationsNone;
  if (permission === "denied") return texts.notificationsDenied;
  return isPhone() ? texts.notificationsOpenPhone : texts.notificationsOpen;
}

function NotifySetting({ label }: LabelProps) {
  const { texts, settings, change } = usePage();
  const [, setPermission] = useState("");
  const [canShow, setCanShow] = useState<boolean>();
  useEffect(() => whenSettled(canNotify(texts.lang), setCanShow), [texts.lang]);
  // Another setting may have requested permission in the meantime.
  const permission = attempt(() => Notification.permission);
  const requestPermission = async () => {
    const result = await Notification.requestPermission();
    setPermission(result);
    const isTrusted = await canNotify(texts.lang);
    setCanShow(isTrusted);
    change({ notify: result === "granted" && isTrusted });
  };
  const isOn = settings.notify && permission === "granted" && canShow !== false;
  return (
    <>
      {permission === "default" || permission === "granted" ? (
        <Check
          label={label}
          isOn={isOn}
          onChange={(notify) => {
            if (notify) void requestPermission();
            else change({ notify });
          }}
        />
      ) : null}
      <Announced kind="result" isInitiallyKnown className="hint">
        {notificationsText(permission, canShow, texts)}
      </Announced>
      {canShow === false ? <TrustOffer /> : null}
    </>
  );
}

const TIMES_HOURS = [1, 8, 24] as const;

function DoNotDisturb() {
  const { texts, times, chat } = usePage();
  const hasPrefs = useModelValue(({ prefs }) => prefs !== undefined);
  const end = useModelValue(dndEnd);
  if (!hasPrefs) return null;
  const off = [0, texts.dndNo] as const;
  const hours = TIMES_HOURS.map((count) => [count, texts.span(`${count} h`)] as const);
  const current = end === undefined ? [] : [[-1, texts.until(times.full(end))] as const];
  const choose = (count: number) => {
    if (count < 0) return;
    chat.actions.doNotDisturb(count === 0 ? undefined : Date.now() + count * HOUR_MS);
  };
  return (
    <SelectField
      id="dnd"
      label={texts.dnd}
      value={end === undefined ? 0 : -1}
      options={[...current, off, ...hours]}
      onChange={choose}
    />
  );
}

function Keywords() {
  const { texts, chat } = usePage();
  const task = useTask();
  const hasPrefs = useModelValue(({ prefs }) => prefs !== undefined);
  const stored = useModelValue(({ prefs }) => prefs?.get(EVERYWHERE)?.keywords?.join(", ") ?? "");
  const [typed, setText] = useState<string>();
  const text = typed ?? stored;
  const submit = task.onSubmit(async () => {
    chat.actions.setKeywords(text.split(","));
    setText(undefined);
  });
  if (!hasPrefs) return null;
  return (
    <form onSubmit={submit}>
      <Field
        id="keywords"
        label={texts.keywords}
        hint={texts.keywordsHint}
        value={text}
        onChange={setText}
      />
      <FaultLine fault={task.fault} />
      {text.trim() === stored ? null : <Button type="submit">{texts.save}</Button>}
    </form>
  );
}

function Status() {
  const { texts, times, chat } = usePage();
  const task = useTask();
  const settings = useModelValue(({ prefs }) => prefs?.get(EVERYWHERE));
  const { status = "", statusUntil = Number.POSITIVE_INFINITY } = settings ?? {};
  const [text, setText] = useState(statusUntil > Date.now() ? status : "");
  const isEnding = Number.isFinite(statusUntil) && statusUntil > Date.now();
  const [chosen, setHours] = useState<number>();
  const hours = chosen ?? (isEnding ? -1 : 0);
  const submit = task.onSubmit(async () => {
    const until = hours === 0 ? undefined : Date.now() + hours * HOUR_MS;
    chat.actions.setStatus(text.trim(), hours < 0 ? statusUntil : until);
    setHours(undefined);
  });
  const options = [
    ...(isEnding ? [[-1, texts.until(times.full(statusUntil))] as const] : []),
    [0, texts.statusNoEnd] as const,
    ...TIMES_HOURS.map((count) => [count, texts.span(`${count} h`)] as const),
  ];
  return (
    <form onSubmit={submit}>
      <Field id="status" label={texts.status} value={text} onChange={setText} />
      {text.trim() === "" ? null : (
        <SelectField
          id="status-end"
          label={texts.statusEnd}
          value={hours}
          options={options}
          onChange={setHours}
        />
      )}
      <FaultLine fault={task.fault} />
      {text.trim() === status && chosen === undefined ? null : (
        <Button type="submit">{texts.save}</Button>
      )}
    </form>
  );
}

function DisplayNameField({ user }: { readonly user: string }) {
  const { texts, chat } = usePage();
  const task = useTask();
  const name = useModelValue(({ displayNames }) => displayNames.get(user.toLowerCase()) ?? "");
  const [text, setText] = useState(name);
  const submit = task.onSubmit(async () => setText(await chat.actions.setDisplayName(text.trim())));
  return (
    <form onSubmit={submit}>
      <Field id="display-name" label={texts.displayName} value={text} onChange={setText} />
      <FaultLine fault={task.fault} />
      {text.trim() === name ? null : <Button type="submit">{texts.save}</Button>}
    </form>
  );
}

function Picture({ user }: { readonly user: string }) {
  const { texts, chat } = usePage();
  const task = useTask();
  const input = useRef<HTMLInputElement>(null);
  const hasPicture = usePicture(user) !== undefined;
  const set = (file: File | undefined) =>
    task.run(async () => {
      const picture = file && (await makeAvatar(file));
      if (file !== undefined && picture === undefined)
        throw new PageFault("usage", "pictureUnsupported");
      await chat.request("avatar-set", defined({ picture }));
    });
  return (
    <>
      <div className="picture-setting">
        <Avatar name={useShownName(user)} user={user} tint={tintOf(user)} />
        <Button disabled={task.isBusy} onClick={() => input.current?.click()}>
          {texts.choosePicture}
        </Button>
        {hasPicture ? (
          <Button disabled={task.isBusy} onClick={() => set(undefined)}>
            {texts.removePicture}
          </Button>
        ) : null}
        <input
          ref={input}
          type="file"
          accept="image/jpeg,image/png,image/webp"
          className="sr-only"
          tabIndex={-1}
          aria-hidden="true"
          onChange={({ target }) => {
            const [file] = target.files ?? [];
            target.value = ""; // The same file can be chosen again.
            if (file !== undefined) set(file);
          }}
        />
      </div>
      <FaultLine fault={task.fault} />
    </>
  );
}

function Password({ isOpen: isInitiallyOpen }: { readonly isOpen: boolean }) {
  const { texts, chat, notify } = usePage();
  const task = useTask();
  const [isOpen, setOpen] = useState(isInitiallyOpen);
  const [password, setPassword] = useState("");
  const [current, setCurrent] = useState("");
  const submit = task.onSubmit(async () => {
    await chat.passwd(password, current === "" ? undefined : current);
    setPassword("");
    setCurrent("");
    isChanged.current = true;
    setOpen(false);
    notify(texts.passwordSet);
  });
  const isChanged = useRef(false);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!isOpen && isChanged.current) button.current?.focus();
  }, [isOpen]);
  if (!isOpen) {
    return (
      <Button ref={button} onClick={() => setOpen(true)}>
        {texts.changePassword}
      </Button>
    );
  }
  return (
    <form className="password-form" onSubmit={submit}>
      <Field
        id="current-password"
        label={texts.currentPassword}
        hint={texts.currentPasswordHint}
        type="password"
        value={current}
        onChange={setCurrent}
        complete="current-password"
        isFirst
      />
      <NewPassword onChange={setPassword} user={chat.model.me} />
      <FaultLine fault={task.fault} />
      <Button type="submit" disabled={task.isBusy || password === ""}>
        {texts.setPassword}
      </Button>
    </form>
  );
}

/** Other devices that are listed until the user asks for all. */
const DEVICES_SHOWN = 3;

/** Returns the icon for a device's label, such as `Firefox on Android`. */
function deviceIcon(label = ""): IconName {
  if (/ on (?:Android|iOS|iPhone|iPad)/.test(label)) return "device";
  return label.startsWith("chat ") ? "terminal" : "laptop";
}

interface DeviceProps {
  readonly device: DeviceInfo;
  readonly onSignOut: (id: string) => void;
}

function Device({ device, onSignOut }: DeviceProps) {
  const { texts, times } = usePage();
  const { device: id, client: label, current, since, certified } = device;
  const name = deviceName(id, label, texts);
  return (
    <li className="device">
      <span className={current ? "device-sign is-here" : "device-sign"}>
        <Icon name={deviceIcon(label)} />
      </span>
      <span className="room-text">
        <strong dir="auto">{name}</strong>
        <span className="hint">
          {device.online ? <span className="dot dot-on" /> : null}
          {[lastSeenText(device, texts, times), texts.deviceAdded(times.date(since))].join(" · ")}
        </span>
        <span className="hint">
          {[
            certified ? texts.certified : texts.uncertified,
            ...(label === undefined ? [] : [id.slice(0, 8)]),
          ].join(" · ")}
        </span>
      </span>
      {current ? null : (
        <Button
          variant="small"
          aria-label={`${texts.signOutDevice}: ${name}`}
          onClick={() => onSignOut(id)}
        >
          {texts.signOutDevice}
        </Button>
      )}
    </li>
  );
}

/** Warns unless the browser promises to keep the page's data, which holds the device's key. */
function StorageHint() {
  const { texts, chat } = usePage();
  const [isKept, setKept] = useState(true);
  useEffect(() => {
    if (chat.isLocal) return;
    const asked = (async () => await navigator.storage.persisted())();
    void ifPossible(asked).then((kept) => setKept(kept === true));
  }, [chat]);
  return isKept ? null : <p className="hint">{texts.storageMayGo}</p>;
}

/** Warns while no other device can open the encrypted rooms. */
function OnlyKeyHint({ devices }: { readonly devices: readonly DeviceInfo[] }) {
  const { texts } = usePage();
  const hasSealedRooms = useModelValue((model) =>
    [...model.rooms.values()].some(({ isSealed }) => isSealed),
  );
  const keyed = devices.filter(({ certified }) => certified);
  const isOnly = keyed.length === 1 && keyed[0]?.current === true;
  return hasSealedRooms && isOnly ? <p className="hint">{texts.onlyDeviceOpens}</p> : null;
}

function Devices() {
  const page = usePage();
  const { texts, chat, notify } = page;
  const task = useTask();
  const [devices, setDevices] = useState<readonly DeviceInfo[]>([]);
  const [isWhole, setWhole] = useState(false);
  const load = async () => setDevices((await chat.request("devices", {})).devices);
  // biome-ignore lint/correctness/useExhaustiveDependencies: requested once
  useEffect(() => task.run(load), []);
  const signOutOthers = () =>
    confirm(page, {
      title: texts.signOutOthersAsk,
      text: "",
      action: texts.signOutOthers,
      isDanger: true,
      onConfirm: async () => {
        notify(texts.signedOutOthers(await revokeOthers(chat.request)));
        await load();
      },
    });
  const signOut = (id: string) =>
    task.run(async () => {
      await chat.request("revoke", { device: id });
      await load();
    });
  const seenAt = ({ online, seen = 0 }: DeviceInfo) => (online ? Number.MAX_VALUE : seen);
  const others = devices.filter(({ current }) => !current).sort((a, b) => seenAt(b) - seenAt(a));
  const few = others.slice(0, DEVICES_SHOWN);
  const hidden = others.length - few.length;
  const list = (listed: readonly DeviceInfo[]) => (
    <ul className="plain-list">
      {listed.map((device) => (
        <Device key={device.device} device={device} onSignOut={signOut} />
      ))}
    </ul>
  );
  return (
    <>
      <h4 className="list-head">{texts.thisDevice}</h4>
      {list(devices.filter(({ current }) => current))}
      <OnlyKeyHint devices={devices} />
      <StorageHint />
      {others.length === 0 ? null : <h4 className="list-head">{texts.otherDevices}</h4>}
      {list(hidden > 1 && !isWhole ? few : others)}
      {hidden > 1 && !isWhole ? (
        <Button variant="small quiet" onClick={() => setWhole(true)}>
          {texts.showMoreBoxes(hidden)}
        </Button>
      ) : null}
      <FaultLine fault={task.fault} />
      <Button
        variant="main wide"
        disabled={chat.sealRefusal !== undefined}
        onClick={() =>
          page.show((close) => <LinkDialog onClose={close} onLinked={() => task.run(load)} />)
        }
      >
        <Icon name="qr" /> {texts.linkDevice}
      </Button>
      <div className="settings-buttons">
        <Button onClick={() => page.openDialog(IrcPasswordsDialog)}>{texts.ircPasswords}</Button>
        <Button
          className="button button-quiet menu-danger"
          disabled={devices.length < 2}
          onClick={signOutOthers}
        >
          <Icon name="leave" /> {texts.signOutOthers}
        </Button>
      </div>
    </>
  );
}

export function LogoutDialog({ onClose }: { readonly onClose: () => void }) {
  const page = usePage();
  const { texts, chat, openDialog } = page;
  const [forgets, setForgets] = useState(chat.isShared);
  const lacksPassword = chat.hasPassword === false;
  const logout = async () => {
    await chat.logout(forgets);
    onClose();
    await disablePushes(page);
  };
  return (
    <FormDialog
      title={texts.logoutAsk}
      action={texts.logout}
      isDanger
      onSubmit={logout}
      onClose={onClose}
    >
      {lacksPassword ? (
        <>
          <Announced kind="notice" className="warning">
            {texts.logoutNoPassword}
          </Announced>
          <Button
            onClick={() => {
              onClose();
              openDialog(SettingsDialog, { changesPassword: true });
            }}
          >
            {texts.setPasswordFirst}
          </Button>
        </>
      ) : forgets ? null : (
        <p>{texts.logoutKeeps}</p>
      )}
      <Check label={texts.sharedComputer} isOn={forgets} onChange={setForgets} />
      {forgets ? <Announced kind="notice">{texts.forgetLost}</Announced> : null}
      {chat.attached.hasFiles ? <p>{texts.logoutAttached}</p> : null}
    </FormDialog>
  );
}

/** Signs out. On a shared computer, asks only if something would be lost. */
export function signOutHere(page: PageValue): void {
  const { chat, openDialog } = page;
  if (!chat.isShared || chat.hasPassword !== true || chat.isLossy) return openDialog(LogoutDialog);
  chat.logout(true).catch(page.fail);
}

interface AccountRowProps {
  readonly account: KnownAccount;
  readonly isCurrent: boolean;
}

function AccountRow({ account, isCurrent }: AccountRowProps) {
  const { texts, chat, fail } = usePage();
  const { user: id, displayName } = account;
  const accountName = cleanText(id);
  const name = displayName === undefined ? accountName : cleanText(displayName);
  const about = isCurrent ? texts.accountHere(accountName) : accountName;
  return (
    <button
      type="button"
      className="account-row"
      aria-current={isCurrent || undefined}
      onClick={() => {
        if (!isCurrent) chat.changeAccount(id).catch(fail);
      }}
    >
      <Avatar name={name} user={id} tint={tintOf(id)} />
      <span className="room-text">
        <span className="place-row-title" dir="auto">
          {name}
        </span>
        <span className="place-row-about">{about}</span>
      </span>
      {isCurrent ? <Icon name="check" /> : null}
    </button>
  );
}

/** Changes the account of this tab. */
function AccountsDialog({ onClose }: CloseProps) {
  const page = usePage();
  const { texts, chat, openDialog, fail } = page;
  const { me } = chat.model;
  const name = useShownName(me ?? "");
  const accounts = chat.knownAccounts.filter(({ isSignedOut }) => !isSignedOut);
  const others = accounts.filter(({ user }) => !isSameName(user, me));
  const own = accounts.filter(({ user }) => isSameName(user, me));
  return (
    <Dialog title={texts.accountsTitle} onClose={onClose} className="dialog-small">
      <p className="hint">{texts.accountsKeep}</p>
      {[...own, ...others].map((account) => (
        <AccountRow key={account.user} account={account} isCurrent={isSameName(account.user, me)} />
      ))}
      <hr className="place-line" />
      <button type="button" className="account-row" onClick={() => chat.addAccount().catch(fail)}>
        <Icon name="invite" />
        {texts.addAccount}
      </button>
      <button
        type="button"
        className="account-row"
        onClick={() => {
          onClose();
          openDialog(SettingsDialog);
        }}
      >
        <Icon name="gear" />
        {texts.account}
      </button>
      <button
        type="button"
        className="account-row"
        onClick={() => {
          onClose();
          signOutHere(page);
        }}
      >
        <Icon name="leave" />
        {texts.signOutOf(name)}
      </button>
    </Dialog>
  );
}

/** Whether several accounts are signed in in this browser. */
export function hasOtherAccounts({ chat }: Pick<PageValue, "chat">): boolean {
  return chat.knownAccounts.filter(({ isSignedOut }) => !isSignedOut).length > 1;
}

/** Opens the accounts of this browser, or the settings if there is only one. */
export function openOwnAccount(page: PageValue): void {
  page.openDialog(hasOtherAccounts(page) ? AccountsDialog : SettingsDialog);
}

/** Icons of the sections, in their order. */
const SECTION_ICONS = ["person", "laptop", "bell", "eye", "keyboard", "shield"] as const;

export type SettingsPart = "account" | "devices" | "notifications" | "look" | "privacy";

interface SettingsProps extends CloseProps {
  readonly changesPassword?: boolean;
  /** The only part that is shown. */
  readonly part?: SettingsPart;
}

export function SettingsDialog({ changesPassword = false, part, onClose }: SettingsProps) {
  const page = usePage();
  const { texts, chat, fail } = page;
  const sections: readonly (readonly [SettingsPart, title: string, content: ReactNode])[] = [
    [
      "account",
      texts.accountSection,
      <Fragment key="account">
        <p dir="auto">{texts.signedInAs(cleanText(chat.model.me ?? ""))}</p>
        <Picture user={chat.model.me ?? ""} />
        <DisplayNameField user={chat.model.me ?? ""} />
        <Status />
        <Password isOpen={changesPassword} />
        <Button onClick={() => chat.addAccount().catch(fail)}>{texts.addAccount}</Button>
      </Fragment>,
    ],
    ["devices", texts.devices, <Devices key="devices" />],
    [
      "notifications",
      texts.notifications,
      <Fragment key="notifications">
        <SettingControls part="notifications" />
        <PushSetting />
        <Keywords />
        <DoNotDisturb />
      </Fragment>,
    ],
    [
      "look",
      texts.look,
      <Fragment key="look">
        <SettingControls part="look" />
        <UnreadFirst />
      </Fragment>,
    ],
    ["look", texts.keyboard, <SettingControls key="keyboard" part="keyboard" />],
    ["privacy", texts.privacy, <Privacy key="privacy" />],
  ];
  const body = useRef<HTMLDivElement>(null);
  const showSection = (at: number) => body.current?.children[at]?.scrollIntoView();
  if (part !== undefined) {
    const shown = sections.filter(([key]) => key === part);
    return (
      <Dialog title={shown[0]?.[1] ?? texts.account} onClose={onClose} className="is-page">
        {shown.map(([, title, content], at) => (
          <section key={title} className="settings-part" aria-label={title}>
            {at === 0 ? null : <h3>{title}</h3>}
            {content}
          </section>
        ))}
      </Dialog>
    );
  }
  return (
    <Dialog title={texts.account} onClose={onClose}>
      <nav className="settings-nav" aria-label={texts.account}>
        {sections.map(([, title], at) => (
          <Button key={title} variant="small" onClick={() => showSection(at)}>
            <Icon name={SECTION_ICONS[at] ?? "gear"} />
            {title}
          </Button>
        ))}
      </nav>
      <div ref={body}>
        {sections.map(([, title, content]) => (
          <section key={title} className="settings-part" aria-label={title}>
            <h3>{title}</h3>
            {content}
          </section>
        ))}
      </div>
      <div className="dialog-actions dialog-foot">
        <Button
          onClick={() => {
            onClose();
            helpOf(page).open();
          }}
        >
          {texts.help}
        </Button>
        <Button
          onClick={() => {
            onClose();
            signOutHere(page);
          }}
        >
          {texts.logout}
        </Button>
      </div>
    </Dialog>
  );
}
