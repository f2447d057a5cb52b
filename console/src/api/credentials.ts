// What proves to the server who asks: an access token or an API key, kept for this tab alone.
const storageKey = "crossfoot.credentials";

export function credentials(): string | null {
  return window.sessionStorage.getItem(storageKey);
}

export function setCredentials(value: string | null): void {
  if (value === null) window.sessionStorage.removeItem(storageKey);
  else window.sessionStorage.setItem(storageKey, value);
}

/** The header that goes with every request; none where nobody has signed in. */
export function authorization(): Record<string, string> {
  const value = credentials();
  return value === null ? {} : { Authorization: `Bearer ${value}` };
}
