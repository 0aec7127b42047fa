using Apache.Arrow;
using Apache.Arrow.Flight;
using Apache.Arrow.Flight.Client;
using Apache.Arrow.Flight.Server;
using Apache.Arrow.Types;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace NativeBuffers.Arrow.Tests;

/// <summary>Arrays over this library's memory go to another machine: Arrow Flight, a protocol of gRPC, on the loopback address.</summary>
public class FlightTests
{
    private const int Rows = 200_000;

    private static readonly Schema s_schema = new([new Field("n", Int64Type.Default, nullable: false), new Field("s", StringType.Default, nullable: true)], null);

    [Fact]
    public async Task Arrays_arrive_as_they_were_sent()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        using NativeMemoryBudget budget = NativeAllocator.Default.WithLimit(100 << 20);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static options => options.Listen(
            System.Net.IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc().AddFlightServer<Server>();
        builder.Services.AddSingleton(new NativeArrowAllocator(budget));
        await using WebApplication server = builder.Build();
        server.MapFlightEndpoint();
        await server.StartAsync(stop);
        string address = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

        using var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { MaxReceiveMessageSize = null });
        var client = new FlightClient(channel);
        using FlightRecordBatchStreamingCall call = client.GetStream(new FlightTicket("numbers"));
        int batches = 0;
        while (await call.ResponseStream.MoveNext(stop))
        {
            using RecordBatch batch = call.ResponseStream.Current;
            using RecordBatch expected = Server.Batch(new NativeArrowAllocator(), batches++);
            Assert.True(((Int64Array)batch.Column(0)).Values.SequenceEqual(((Int64Array)expected.Column(0)).Values));
            var strings = (StringArray)batch.Column(1);
            Assert.Equal("row 1", strings.GetString(1));
            Assert.True(strings.IsNull(0));
        }

        Assert.Equal(3, batches);
        await server.StopAsync(stop);
        Assert.Equal(0, budget.UsedBytes);
        Assert.True(budget.PeakBytes > Rows * sizeof(long));
    }

    private sealed class Server(NativeArrowAllocator allocator) : FlightServer
    {
        public static RecordBatch Batch(NativeArrowAllocator allocator, int number) => new(
            s_schema,
            [
                new Int64Array.Builder().AppendRange(Enumerable.Range(0, Rows).Select(i => (long)i * (number + 1))).Build(allocator),
                new StringArray.Builder().AppendRange(Enumerable.Range(0, Rows).Select(static i => i == 0 ? null : $"row {i}")).Build(allocator),
            ],
            Rows);

        public override async Task DoGet(FlightTicket ticket, FlightServerRecordBatchStreamWriter responseStream, ServerCallContext context)
        {
            Assert.Equal("numbers", ticket.Ticket.ToStringUtf8());
            for (int number = 0; number < 3; number++)
            {
                using RecordBatch batch = Batch(allocator, number);
                await responseStream.WriteAsync(batch);
            }
        }
    }
}
