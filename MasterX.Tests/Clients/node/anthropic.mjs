// Anthropic's own client for Node against a server given by BASE_URL and API_KEY: everything it is used for, with nothing changed but these two.
// Prints one line per part; exits with 1 at the first that is not as the client expects.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { part, refused } from './parts.mjs';

const { BASE_URL: base, API_KEY: apiKey, MODEL: model } = process.env;

// The client adds /v1 itself.
const baseURL = base.replace(/\/v1\/?$/, '');
const client = new Anthropic({ baseURL, apiKey, maxRetries: 0 });
const ask = { model, max_tokens: 2000, messages: [{ role: 'user', content: 'hello' }] };
const weather = { name: 'weather', description: 'Tells the weather', input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } };

const textOf = message => message.content.filter(block => block.type === 'text').map(block => block.text).join('');

await part('message', async () => {
  const message = await client.messages.create({ ...ask, system: 'Be brief.', temperature: 0.5, stop_sequences: ['END'] });
  assert.match(textOf(message), /hello/);
  assert.deepEqual([message.type, message.role, message.stop_reason], ['message', 'assistant', 'end_turn']);
  assert.ok(message.usage.input_tokens > 0 && message.usage.output_tokens > 0);
});

await part('stream of events', async () => {
  const types = [];
  let text = '';
  for await (const event of await client.messages.create({ ...ask, stream: true })) {
    types.push(event.type);
    if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
  }

  assert.match(text, /hello/);
  assert.deepEqual([types[0], types.at(-2), types.at(-1)], ['message_start', 'message_delta', 'message_stop']);
});

await part('stream helper puts the message together', async () => {
  const message = await client.messages.stream(ask).finalMessage();
  assert.match(textOf(message), /hello/);
  assert.ok(message.usage.output_tokens > 0);
});

for (const streamed of [false, true]) {
  await part(`a loop of tool calls, ${streamed ? 'streamed' : 'whole'}`, async () => {
    const create = request => streamed ? client.messages.stream(request).finalMessage() : client.messages.create(request);
    const request = { ...ask, tools: [weather], thinking: { type: 'enabled', budget_tokens: 1024 } };
    const first = await create(request);
    const call = first.content.find(block => block.type === 'tool_use');
    assert.equal(first.stop_reason, 'tool_use');
    assert.deepEqual([call.name, call.input], ['weather', { city: 'emulated' }]);

    const result = { type: 'tool_result', tool_use_id: call.id, content: [{ type: 'text', text: 'sunny' }] };
    const second = await create({ ...request, messages: [...ask.messages, { role: 'assistant', content: first.content }, { role: 'user', content: [result] }] });
    assert.equal(second.stop_reason, 'end_turn');
    assert.match(textOf(second), /./);
  });
}

await part('images and documents', async () => {
  const source = { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' };
  const message = await client.messages.create({ ...ask, messages: [{ role: 'user', content: [{ type: 'image', source }, { type: 'text', text: 'hello', cache_control: { type: 'ephemeral' } }] }] });
  assert.match(textOf(message), /hello/);
});

await part('tokens are counted, and models listed', async () => {
  assert.ok((await client.messages.countTokens({ model, messages: ask.messages })).input_tokens > 0);
  const models = [];
  for await (const one of client.models.list()) models.push(one.id);
  assert.ok(models.length > 0);
});

await part('errors 400, 401 and 404 are the client\'s own classes', async () => {
  const bad = await refused(client.messages.create({ ...ask, messages: [] }));
  assert.ok(bad instanceof Anthropic.BadRequestError, String(bad));
  assert.equal(bad.error.error.type, 'invalid_request_error');
  const stranger = new Anthropic({ baseURL, apiKey: 'not-the-key-of-anyone', maxRetries: 0 });
  assert.ok(await refused(stranger.messages.create(ask)) instanceof Anthropic.AuthenticationError);
  assert.ok(await refused(client.messages.create({ ...ask, model: 'no-such-model' })) instanceof Anthropic.NotFoundError);
});

await part('a stream that is given up', async () => {
  const stream = await client.messages.create({ ...ask, stream: true });
  for await (const event of stream) {
    assert.equal(event.type, 'message_start');
    break;
  }

  assert.match(textOf(await client.messages.create(ask)), /hello/);
});
