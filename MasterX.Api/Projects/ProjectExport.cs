using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using MasterX.Api.Ai;
using MasterX.Api.Calls;
using MasterX.Api.Keys;
using MasterX.Api.Storage;
using MasterX.Api.Usage;
using MasterX.Api.Users;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace MasterX.Api.Projects;

/// <summary>
/// All that is kept of a project, as lines of JSON: the project, its keys (of which there are no hashes in it), users, generations, and what its calls have spent. It is read and sent some at a time;
/// the last line, <c>end</c>, counts the others, so that an export that was cut is known by its absence. What is written meanwhile may be in it, or not.
/// </summary>
internal sealed class ProjectExport(IKeyStore keys, IUserStore users, IGenerationStore generations, IUsageStore usage, CallBook book, IOptions<JsonOptions> json)
{
    public const string Media = "application/jsonl";

    private const int Step = 200;

    /// <summary>Bytes that wait to be sent.</summary>
    private const int MostUnsent = 64 * 1024;

    /// <summary>How long what has just ended is waited for.</summary>
    private static readonly TimeSpan FlushPatience = TimeSpan.FromSeconds(2);

    public async Task WriteAsync(Project project, HttpResponse response, CancellationToken cancellationToken)
    {
        await book.FlushAsync(FlushPatience, cancellationToken);
        response.ContentType = Media;
        response.Headers.ContentDisposition = $"attachment; filename=\"{project.Id}.jsonl\"";
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var unsent = 0;
        await LineAsync("project", ProjectAnswer.Of(project));
        await PagesAsync("key", (before, limit) => keys.ListAsync(project.Id, before, limit, cancellationToken), key => key.Id, KeyAnswer.Of);
        await PagesAsync("user", (before, limit) => users.ListAsync(project.Id, null, before, limit, cancellationToken), user => user.Id, UserAnswer.Of);
        string? last = null;
        do
        {
            var page = await generations.ListAsync(new() { OwnerId = project.Id }, last, Step, cancellationToken);
            foreach (var generation in page.Items)
            {
                await LineAsync("generation", GenerationAnswer.Of(generation));
            }

            last = page.Next;
        }
        while (last is not null);

        await foreach (var record in usage.ReadAsync(project.Id, cancellationToken))
        {
            await LineAsync("spending", SpendingAnswer.Of(record));
        }

        Write(new { type = "end", counts });
        await response.BodyWriter.FlushAsync(cancellationToken);

        async Task PagesAsync<T, TShown>(string type, Func<string?, int, Task<IReadOnlyList<T>>> list, Func<T, string> id, Func<T, TShown> show)
        {
            string? before = null;
            while (await list(before, Step) is { Count: > 0 } some)
            {
                foreach (var one in some)
                {
                    await LineAsync(type, show(one));
                }

                before = id(some[^1]);
            }
        }

        async Task LineAsync<T>(string type, T data)
        {
            counts[type] = counts.GetValueOrDefault(type) + 1;
            Write(new { type, data });
            if (unsent > MostUnsent)
            {
                // No further than the receiver takes it.
                unsent = 0;
                await response.BodyWriter.FlushAsync(cancellationToken);
            }
        }

        void Write<T>(T line)
        {
            var bytes = JsonSerializer.SerializeToUtf8Bytes(line, json.Value.SerializerOptions);
            response.BodyWriter.Write(bytes);
            response.BodyWriter.Write("\n"u8);
            unsent += bytes.Length + 1;
        }
    }

    /// <summary>What an attempt has spent, as the export shows it.</summary>
    private sealed record SpendingAnswer(
        string CallId, string KeyId, DateTimeOffset At, int Attempt, string Provider, string Model, string Outcome, long InputTokens, long OutputTokens, long CachedInputTokens, long CacheWriteTokens,
        long ReasoningTokens, decimal? CostUsd, bool Estimated, JsonObject? Tags)
    {
        public static SpendingAnswer Of(SpendingRecord record) => new(
            record.CallId, record.KeyId, record.At, record.Attempt, record.Spent.Provider, record.Spent.Model, record.Spent.Outcome, record.Spent.InputTokens, record.Spent.OutputTokens,
            record.Spent.CachedInputTokens, record.Spent.CacheWriteTokens, record.Spent.ReasoningTokens, record.Spent.CostUsd, record.Spent.Estimated,
            record.Tags is { } tags ? new(tags.Select(tag => KeyValuePair.Create(tag.Key, (JsonNode?)tag.Value))) : null);
    }
}
