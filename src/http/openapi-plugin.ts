import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import {
  fastifyZodOpenApiPlugin,
  fastifyZodOpenApiTransformers,
  validatorCompiler,
} from 'fastify-zod-openapi'
import { stringify } from 'yaml'
import { jsonLine } from '../lib/json-line.ts'

/** Validates requests with the zod schemas of the routes, and describes the routes by them. */
async function openapiPlugin(app: FastifyInstance): Promise<void> {
  app.setValidatorCompiler(validatorCompiler)
  // The compiler checks answers against their schemas; at run time that would cost each of them.
  app.setSerializerCompiler(() => jsonLine)
  await app.register(fastifyZodOpenApiPlugin, {
    documentOpts: {
      override: ({ jsonSchema, io }) => {
        // Formats that say it all need no pattern, and not every name zod gives is a format.
        if (jsonSchema.format === 'starts_with') delete jsonSchema.format
        else if (jsonSchema.format !== undefined) delete jsonSchema.pattern
        // Answers may gain fields; only what callers send is closed.
        if (io === 'output') delete jsonSchema.additionalProperties
      },
    },
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Parley',
        version: '0.1.0',
        description: 'Agent conversations over HTTP.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'The server that gave this document.' }],
      components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } },
      security: [{}, { apiKey: [] }],
      tags: [
        { name: 'Conversations', description: 'Start, find, change and delete conversations.' },
        { name: 'Submissions', description: 'Talk to a conversation.' },
        { name: 'Events', description: 'Watch a conversation.' },
        { name: 'Service', description: 'The service itself.' },
      ],
    },
    ...fastifyZodOpenApiTransformers,
  })
  writeOnce(app)
}

/**
 * Makes all formats from one document. Asked again for another one, the generator would repeat
 * every schema that is part of requests and answers under a second name.
 */
function writeOnce(app: FastifyInstance): void {
  const generate = app.swagger
  const document = () => generate.call(app, { yaml: false })
  // By way of JSON, which leaves out what only the generator knows.
  const write = (options?: { yaml?: boolean }) =>
    options?.yaml === true ? stringify(JSON.parse(JSON.stringify(document()))) : document()
  Object.assign(app, { swagger: write })
}

export default fastifyPlugin(openapiPlugin, { name: 'openapi' })
