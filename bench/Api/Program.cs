using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Data.Sqlite;

// Arguments: the address to listen on, the file of the database, the gateway's address and its token.
// No key is checked, no limit kept, nothing is validated, logged or measured: only what cannot be left out is done, the way the documentation of each library shows it.
var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseUrls(args[0]);
var app = builder.Build();

var connectionString = new SqliteConnectionStringBuilder { DataSource = args[1] }.ToString();
using (var connection = Open())
{
    Command(connection, "PRAGMA journal_mode = WAL").ExecuteNonQuery();
    Command(connection, "CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL)").ExecuteNonQuery();
    Command(connection, "CREATE TABLE generations (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, document TEXT NOT NULL)").ExecuteNonQuery();
}

// SQLite has one writer; without a queue in front of it, writers would sleep and try again.
using var writer = new SemaphoreSlim(1);
using var gateway = new HttpClient { BaseAddress = new Uri(args[2]) };
gateway.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", args[3]);

app.MapGet("/api/users/{id}", (string id) =>
{
    using var connection = Open();
    using var command = Command(connection, "SELECT id, name, email, created_at FROM users WHERE id = $id", ("$id", id));
    using var row = command.ExecuteReader();
    return row.Read() ? Results.Ok(new User(row.GetString(0), row.GetString(1), row.GetString(2), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)))) : Results.NotFound();
});
app.MapPost("/api/users", async (NewUser request) =>
{
    var user = new User($"usr_{Guid.CreateVersion7():N}", request.Name, request.Email, DateTimeOffset.UtcNow);
    await WriteAsync(
        "INSERT INTO users (id, name, email, created_at) VALUES ($id, $name, $email, $created)",
        ("$id", user.Id), ("$name", user.Name), ("$email", user.Email), ("$created", user.CreatedAt.ToUnixTimeMilliseconds()));
    return Results.Created($"/api/users/{user.Id}", user);
});
app.MapPost("/api/ai/generate", async (NewGeneration request) =>
{
    using var response = await gateway.PostAsJsonAsync("/v1/chat/completions", new { model = request.Model, messages = new[] { new { role = "user", content = request.Prompt } } });
    var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
    var generation = new Generation($"gen_{Guid.CreateVersion7():N}", request.Prompt, answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!);
    await WriteAsync(
        "INSERT INTO generations (id, created_at, document) VALUES ($id, $created, $document)",
        ("$id", generation.Id), ("$created", DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()), ("$document", JsonSerializer.Serialize(generation)));
    return Results.Ok(generation);
});
await app.RunAsync();

SqliteConnection Open()
{
    var connection = new SqliteConnection(connectionString);
    connection.Open();
    return connection;
}

static SqliteCommand Command(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
{
    var command = connection.CreateCommand();
    command.CommandText = sql;
    foreach (var (name, value) in parameters)
    {
        command.Parameters.AddWithValue(name, value);
    }

    return command;
}

async Task WriteAsync(string sql, params (string Name, object Value)[] parameters)
{
    await writer.WaitAsync();
    try
    {
        using var connection = Open();
        using var command = Command(connection, sql, parameters);
        command.ExecuteNonQuery();
    }
    finally
    {
        writer.Release();
    }
}

/// <summary>A user to be made.</summary>
internal sealed record NewUser(string Name, string Email);

/// <summary>A user.</summary>
internal sealed record User(string Id, string Name, string Email, DateTimeOffset CreatedAt);

/// <summary>A text to be generated.</summary>
internal sealed record NewGeneration(string Prompt, string Model);

/// <summary>A generated text.</summary>
internal sealed record Generation(string Id, string Prompt, string Content);
