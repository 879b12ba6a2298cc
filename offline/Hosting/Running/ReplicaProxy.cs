using System.Net;
using System.Net.Sockets;

namespace Aspire.Hosting.Running;

/// <summary>One port in front of several replicas: each new connection goes to the next replica that accepts it.</summary>
internal sealed class ReplicaProxy : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly int[] _replicaPorts;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _accepting;
    private int _next = -1;

    public ReplicaProxy(int port, IEnumerable<int> replicaPorts)
    {
        _replicaPorts = [.. replicaPorts];
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stopping.Token);
                _ = RelayAsync(client);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The proxy was closed.
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using (client)
        {
            for (var attempt = 0; attempt < _replicaPorts.Length; attempt++)
            {
                using var replica = new TcpClient { NoDelay = true };
                try
                {
                    var turn = (uint)Interlocked.Increment(ref _next) % (uint)_replicaPorts.Length;
                    await replica.ConnectAsync(IPAddress.Loopback, _replicaPorts[turn], _stopping.Token);
                }
                catch (Exception error) when (error is SocketException or OperationCanceledException)
                {
                    continue;
                }

                client.NoDelay = true;
                await Task.WhenAll(PumpAsync(client, replica), PumpAsync(replica, client));
                return;
            }
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream(), _stopping.Token);
            to.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // One side is gone; closing both tells the other.
            from.Close();
            to.Close();
        }
    }
}
