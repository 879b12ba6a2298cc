namespace MasterX.Api.Storage.Mongo;

/// <summary>Times as MongoDB gives them back: UTC, to the millisecond.</summary>
internal static class MongoTime
{
    public static DateTimeOffset AsUtc(this DateTime time) => new(time, TimeSpan.Zero);

    public static DateTimeOffset? AsUtc(this DateTime? time) => time?.AsUtc();
}
