/** Dialogs for settings and logout. */

import { type FormEvent, useEffect, useState } from "react";
import { cleanText } from "../../../base/text.ts";
import type { AllTexts } from "../../../ui/messages/en/parts.ts";
import { LANGUAGES, languageFor } from "../../../ui/messages/languages.ts";
import type { Times } from "../../../ui/text/times.ts";
import { type DeviceInfo, revokeOthers } from "../../driver/devices.ts";
import { Button } from "./button.tsx";
import { FaultLine, useWork } from "./context.tsx";
import { confirm, Dialog, FormDialog } from "./dialog.tsx";
import { Check, Field, SelectField } from "./form.tsx";
import { usePartPage } from "./full-page.ts";
import { LazyPart } from "./lazy.tsx";
import { LinkDialog } from "./link-dialog.tsx";
import { NewPassword } from "./new-password.tsx";
import type { Settings } from "./settings.ts";

function Looks() {
  const { texts, settings, change } = usePartPage();
  const themes: readonly (readonly [Settings["theme"], string])[] = [
    ["system", texts.themeSystem],
    ["light", texts.themeLight],
    ["dark", texts.themeDark],
  ];
  return (
    <section className="settings-part">
      <SelectField
        id="language"
        label={texts.language}
        value={languageFor([texts.lang])}
        options={[...LANGUAGES]}
        onChange={(language) => change({ language })}
        isLanguage
      />
      <SelectField
        id="theme"
        label={texts.theme}
        value={settings.theme}
        options={themes}
        onChange={(theme) => change({ theme })}
      />
      <Check
        label={texts.quiet}
        isOn={settings.isQuiet}
        onChange={(isQuiet) => change({ isQuiet })}
      />
      <Check
        label={texts.showTyping}
        isOn={settings.showsTyping}
        onChange={(showsTyping) => change({ showsTyping })}
      />
      <Check
        label={texts.picturesShown}
        isOn={settings.showsPictures}
        onChange={(showsPictures) => change({ showsPictures, otherPictures: [] })}
      />
    </section>
  );
}

function Notifications() {
  const { texts, settings, change, lazy } = usePartPage();
  const PushSetting = lazy.parts?.PushSetting;
  const [, setPermission] = useState("");
  // Another setting may have asked for permission in the meantime.
  const permission = "Notification" in window ? Notification.permission : undefined;
  const ask = async () => {
    const given = await Notification.requestPermission();
    setPermission(given);
    change({ notifies: given === "granted" });
  };
  const isOn = settings.notifies && permission === "granted";
  return (
    <section className="settings-part">
      <h3>{texts.notifications}</h3>
      {permission === undefined ? <p>{texts.notificationsNone}</p> : null}
      {permission === "denied" ? <p>{texts.notificationsDenied}</p> : null}
      {permission === "default" || permission === "granted" ? (
        <Check
          label={texts.notificationsAsk}
          isOn={isOn}
          onChange={(notifies) => {
            if (notifies) void ask();
            else change({ notifies });
          }}
        />
      ) : null}
      <Check
        label={texts.sounds}
        isOn={settings.sounds}
        onChange={(sounds) => {
          change({ sounds });
          // Plays a sample; browsers also require this click before a page may play sounds.
          if (sounds) void lazy.parts?.playSound();
        }}
      />
      {PushSetting && <PushSetting />}
    </section>
  );
}

function Password() {
  const { texts, chat, notify } = usePartPage();
  const work = useWork();
  const [password, setPassword] = useState("");
  const [current, setCurrent] = useState("");
  const [count, setCount] = useState(0);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    work.run(async () => {
      await chat.passwd(password, current === "" ? undefined : current);
      setPassword("");
      setCurrent("");
      setCount(count + 1);
      notify(texts.passwordSet);
    });
  };
  return (
    <form className="settings-part" onSubmit={submit}>
      <Field
        id="current-password"
        label={texts.currentPassword}
        hint={texts.currentPasswordHint}
        type="password"
        value={current}
        onChange={setCurrent}
        complete="current-password"
      />
      <NewPassword key={count} onChange={setPassword} user={chat.model.me} />
      <FaultLine fault={work.fault} />
      <Button type="submit" disabled={work.isBusy || password === ""}>
        {texts.setPassword}
      </Button>
    </form>
  );
}

function seenText({ online, seen }: Seen, texts: AllTexts, times: Times): string {
  if (online) return texts.online;
  if (seen === undefined) return texts.away;
  return texts.lastSeen(times.utcDay(seen));
}

/** Localizes a device's own label, which is English: `Firefox on Linux`. */
function nameOf(id: string, label: string | undefined, texts: AllTexts): string {
  const [, program, system] = /^(\S.*) on (\S.*)$/.exec(label ?? "") ?? [];
  const isPlain = program === undefined || system === undefined;
  return cleanText(isPlain ? (label ?? id.slice(0, 8)) : texts.deviceOn(program, system));
}

type Seen = Pick<DeviceInfo, "online" | "seen">;

function Devices() {
  const page = usePartPage();
  const { texts, chat, notify, times } = page;
  const work = useWork();
  const [devices, setDevices] = useState<readonly DeviceInfo[]>([]);
  const load = async () => setDevices((await chat.request("devices", {})).devices);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked for once
  useEffect(() => work.run(load), []);
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
  return (
    <section className="settings-part">
      <h3>{texts.devices}</h3>
      <ul className="plain-list">
        {devices.map(({ device: id, client: label, current, ...device }) => (
          <li key={id} className="device">
            <span>
              <strong dir="auto">{nameOf(id, label, texts)}</strong>
              {current ? ` · ${texts.thisOne}` : ""}
              <br />
              <span className="hint">
                {[
                  seenText(device, texts, times),
                  texts.since(times.full(device.since)),
                  device.certified ? texts.certified : texts.uncertified,
                  ...(label === undefined ? [] : [id.slice(0, 8)]),
                ].join(" · ")}
              </span>
            </span>
            {current ? null : (
              <Button
                look="small"
                aria-label={`${texts.signOutDevice}: ${nameOf(id, label, texts)}`}
                onClick={() =>
                  work.run(async () => {
                    await chat.request("revoke", { device: id });
                    await load();
                  })
                }
              >
                {texts.signOutDevice}
              </Button>
            )}
          </li>
        ))}
      </ul>
      <FaultLine fault={work.fault} />
      <Button
        disabled={chat.sealRefusal !== undefined}
        onClick={() =>
          page.show((close) => <LinkDialog onClose={close} onLinked={() => work.run(load)} />)
        }
      >
        {texts.linkDevice}
      </Button>{" "}
      <Button disabled={devices.length < 2} onClick={signOutOthers}>
        {texts.signOutOthers}
      </Button>
    </section>
  );
}

export function LogoutDialog({ onClose }: { readonly onClose: () => void }) {
  const page = usePartPage();
  const { texts, chat } = page;
  const [isForget, setForget] = useState(false);
  const logout = async () => {
    await chat.logout(isForget);
    onClose();
    await page.lazy.parts?.endPushes(page);
  };
  return (
    <FormDialog
      title={texts.logoutAsk}
      action={texts.logout}
      isDanger
      onSubmit={logout}
      onClose={onClose}
    >
      <Check label={texts.logoutForget} isOn={isForget} onChange={setForget} />
    </FormDialog>
  );
}

export function SettingsDialog({ onClose }: { readonly onClose: () => void }) {
  const { texts, chat, openDialog } = usePartPage();
  return (
    <Dialog title={texts.account} onClose={onClose}>
      <Looks />
      <Notifications />
      <Password />
      <Devices />
      {chat.isOperatorByLink ? (
        <section className="settings-part">
          <LazyPart part="OperatorPart" />
        </section>
      ) : null}
      <section className="settings-part">
        <h3>{texts.fingerprint}</h3>
        <code className="fingerprint-code">{chat.model.server?.fingerprint}</code>
      </section>
      <div className="dialog-actions dialog-foot">
        <Button onClick={() => openDialog("Help")}>{texts.help}</Button>
        <Button
          look="danger"
          onClick={() => {
            onClose();
            openDialog("Logout");
          }}
        >
          {texts.logout}
        </Button>
      </div>
    </Dialog>
  );
}
