using System.ComponentModel.DataAnnotations;

namespace MasterX.Api.Storage.Mongo;

/// <summary>The connections to MongoDB; section <c>Mongo</c>. The defaults are the plan's.</summary>
internal sealed class MongoOptions
{
    /// <summary>Connections at most, per server.</summary>
    /// <value>50 unless set; 1 or more.</value>
    [Range(1, 10_000)]
    public int MaxPoolSize { get; set; } = 50;

    /// <summary>Connections kept open.</summary>
    /// <value>10 unless set; 0 to <see cref="MaxPoolSize"/>.</value>
    [Range(0, 10_000)]
    public int MinPoolSize { get; set; } = 10;

    /// <summary>After which an unused connection is closed.</summary>
    /// <value>30 s unless set.</value>
    public TimeSpan MaxIdleTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>For making a connection.</summary>
    /// <value>20 s unless set.</value>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>For finding a server that can take an operation.</summary>
    /// <value>20 s unless set.</value>
    public TimeSpan ServerSelectionTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>For a server's answer to an operation.</summary>
    /// <value>20 s unless set.</value>
    public TimeSpan SocketTimeout { get; set; } = TimeSpan.FromSeconds(20);
}
