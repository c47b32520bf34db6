/** What a saved output says: which job, in which store. Anything else is no reference. */

export interface Reference {
  readonly store: string;
  readonly job: string;
}

/** Read the output's JSON; null when it is not what we write. */
export function readReference(data: unknown): Reference | null {
  if (typeof data !== 'object' || data === null) {
    return null;
  }
  const { store, job } = data as Record<string, unknown>;
  return typeof store === 'string' && typeof job === 'string' && /^[0-9a-z]{1,64}$/i.test(job) ? { store, job } : null;
}
