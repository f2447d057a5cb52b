import { useQueryClient } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { credentials, setCredentials } from "../api/credentials";
import { Notice } from "../parts/notice";

/** Asked for when the server wants to know who looks. */
export function SignInPage() {
  const queries = useQueryClient();
  const [value, setValue] = useState("");
  const [refused, setRefused] = useState(credentials() !== null);

  function submit(event: SubmitEvent) {
    event.preventDefault();
    const given = value.trim();
    if (given === "") return;
    setCredentials(given);
    setValue("");
    setRefused(false);
    void queries.invalidateQueries().then(() => {
      setRefused(true);
    });
  }

  return (
    <form className="sign-in" onSubmit={submit}>
      <h1>Sign in</h1>
      <p>This server shows its figures only to people it knows.</p>
      {refused && (
        <Notice tone="attention" title="These credentials were not accepted">
          They may have been replaced, or their time may be over.
        </Notice>
      )}
      <label>
        Access token or API key
        <input
          type="password"
          autoComplete="off"
          spellCheck={false}
          value={value}
          onChange={(event) => {
            setValue(event.target.value);
          }}
        />
      </label>
      <button type="submit" className="primary">
        Sign in
      </button>
      <p className="quiet">It is kept in this tab until the tab is closed.</p>
    </form>
  );
}
