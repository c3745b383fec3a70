// The document's writer puts each value under `schema` itself, which the types of its front end
// do not know: hence no object literals in place.
const location = { description: 'Path of the new conversation.', type: 'string' }
const replayed = { description: '`true` where this repeats an earlier answer.', type: 'string' }
const applied = { description: 'The `wait` that was honoured.', type: 'string' }
const retryAfter = { description: 'Seconds to wait before another try.', type: 'integer' }

export const createdHeaders = {
  Location: location,
  'Idempotency-Replayed': replayed,
  'Preference-Applied': applied,
}
export const submittedHeaders = {
  'Idempotency-Replayed': replayed,
  'Preference-Applied': applied,
}
export const retryHeaders = { 'Retry-After': retryAfter }
