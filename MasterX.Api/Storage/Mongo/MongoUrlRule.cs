using MasterX.ServiceDefaults.Configuration;
using MongoDB.Driver;

namespace MasterX.Api.Storage.Mongo;

/// <summary>The connection string has to be there and to be one; its text, which holds a password, is never shown.</summary>
internal sealed class MongoUrlRule(string? url, string? databaseName) : IConfigurationRule
{
    public static bool IsUsable(string? url)
    {
        try
        {
            return !string.IsNullOrWhiteSpace(url) && MongoUrl.Create(url) is not null;
        }
        catch (MongoConfigurationException)
        {
            return false;
        }
    }

    public IEnumerable<string> FindProblems()
    {
        if (string.IsNullOrWhiteSpace(url))
        {
            yield return "MONGO_URL (or ConnectionStrings__masterx) is missing: where MongoDB is. Example: MONGO_URL=mongodb://localhost:27017";
        }
        else if (!IsUsable(url))
        {
            yield return "MONGO_URL (or ConnectionStrings__masterx) is not a MongoDB connection string. Example: MONGO_URL=mongodb://localhost:27017";
        }
        else if (string.IsNullOrWhiteSpace(databaseName) && MongoUrl.Create(url).DatabaseName is null)
        {
            yield return "DB_NAME is missing: the name of the database, as the connection string names none. Example: DB_NAME=masterx";
        }
    }
}
