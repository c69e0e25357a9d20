import { type ChangeEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { useTexts } from "./context.tsx";
import { Icon } from "./icons.tsx";

interface FieldProps {
  readonly id: string;
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly type?: "text" | "password";
  readonly complete: string;
  readonly isRequired?: boolean;
  readonly isFirst?: boolean;
  /** What is wrong with what stands there. */
  readonly fault?: ReactNode;
}

/** Of a field that was opened to type into. Browsers heed `autofocus` once for each document. */
export function focusAtOnce(field: HTMLElement | null): void {
  field?.focus();
}

/** Managers of passwords would fill it, or keep it as the user's own. */
const NO_PASSWORD = { "data-1p-ignore": "", "data-bwignore": "", "data-lpignore": "true" };

export function Field(props: FieldProps) {
  const { id, label, hint, value, onChange, type = "text", complete, isRequired, isFirst } = props;
  const { fault } = props;
  const [isShown, setShown] = useState(false);
  const ref = useRef<HTMLInputElement>(null);
  const isSecret = type === "password";
  useEffect(() => {
    // Managers of passwords look at what is submitted: it is hidden again by then.
    const hide = () => setShown(false);
    const form = isSecret ? ref.current?.form : undefined;
    form?.addEventListener("submit", hide);
    return () => form?.removeEventListener("submit", hide);
  }, [isSecret]);
  useEffect(() => {
    if (isFirst === true) focusAtOnce(ref.current);
  }, [isFirst]);
  const about = [fault && `${id}-fault`, hint && `${id}-hint`].filter(Boolean).join(" ");
  const input = (
    <input
      id={id}
      name={id}
      ref={ref}
      type={isShown ? "text" : type}
      value={value}
      autoComplete={complete}
      autoCapitalize="none"
      spellCheck="false"
      required={isRequired === true}
      aria-describedby={about || undefined}
      aria-invalid={fault ? true : undefined}
      {...(isSecret && complete === "off" ? NO_PASSWORD : {})}
      onChange={(event) => onChange(event.target.value)}
    />
  );
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {isSecret ? <Secret {...{ label, isShown, setShown }}>{input}</Secret> : input}
      {fault ? (
        <div className="fault-line" id={`${id}-fault`}>
          {fault}
        </div>
      ) : null}
      {hint === undefined ? null : (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface SecretProps {
  readonly label: string;
  readonly isShown: boolean;
  readonly setShown: (isShown: boolean) => void;
  readonly children: ReactNode;
}

/** With the button that shows what is typed. */
function Secret({ label, isShown, setShown, children }: SecretProps) {
  const texts = useTexts();
  return (
    <div className="secret">
      {children}
      <button
        type="button"
        className="icon-button"
        aria-label={texts.showSecret(label)}
        title={texts.showSecret(label)}
        aria-pressed={isShown}
        // The field keeps the focus, and a phone its keyboard.
        onMouseDown={(event) => event.preventDefault()}
        onClick={() => setShown(!isShown)}
      >
        <Icon name="eye" />
      </button>
    </div>
  );
}

interface SelectFieldProps<Value extends string | number> {
  readonly id: string;
  readonly label: string;
  readonly value: Value;
  readonly options: readonly (readonly [value: Value, name: string])[];
  readonly onChange: (value: Value) => void;
  /** The values are languages: each name is written in its own. */
  readonly isLanguage?: boolean;
}

export function SelectField<Value extends string | number>(props: SelectFieldProps<Value>) {
  const { id, label, value, options, onChange, isLanguage } = props;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={value}
        onChange={({ target }) => {
          const [chosen] = options[target.selectedIndex] ?? [];
          if (chosen !== undefined) onChange(chosen);
        }}
      >
        {options.map(([option, name]) => (
          <option
            key={option}
            value={option}
            lang={isLanguage === true ? String(option) : undefined}
          >
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

interface CheckProps {
  readonly label: string;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}

export function Check({ label, isOn, onChange }: CheckProps) {
  const change = ({ target }: ChangeEvent<HTMLInputElement>) => {
    const { checked } = target;
    // It shows what is, also where what was asked for is refused: nothing is drawn anew then.
    target.checked = isOn;
    onChange(checked);
  };
  return (
    <label className="check">
      <input type="checkbox" checked={isOn} onChange={change} />
      {label}
    </label>
  );
}
