# SPDX-License-Identifier: Apache-2.0
"""One face for pymodbus 3.0 (Debian 12) and 3.8 (Debian 13), which renamed what a server is made of.

Wire(kind) for kind "tcp" or "rtu": requests(bytes) -> requests, frame(request, response) -> bytes.
unit(request), refuse(request, code), answer(request, tables): tables are four of address -> value.
"""
import asyncio

from pymodbus.datastore import ModbusSlaveContext, ModbusSparseDataBlock

SLAVE_FAILURE = 4
SLAVE_BUSY = 6
ILLEGAL_ADDRESS = 2


def blocks(tables, first):
    # An empty block cannot be made; address 70000 is none.
    return {name: ModbusSparseDataBlock({int(k) + first: v for k, v in values.items()} or {70000: 0})
            for name, values in tables.items()}


try:
    from pymodbus.framer import FramerRTU, FramerSocket
    from pymodbus.pdu import DecodePDU, ExceptionResponse

    FRAMERS = {"tcp": FramerSocket, "rtu": FramerRTU}
    UNIT = "dev_id"

    class Reader:
        def __init__(self, framer):
            self.framer = framer(DecodePDU(True))
            self.build = self.framer.buildFrame
            self.waiting = b""

        def requests(self, data):
            self.waiting += data
            while True:
                used, request = self.framer.processIncomingFrame(self.waiting)
                self.waiting = self.waiting[used:]
                if request is None:
                    return
                yield request

    def refuse(request, code):
        return ExceptionResponse(request.function_code, code)

    def answer(request, tables):
        return asyncio.run(request.update_datastore(ModbusSlaveContext(**blocks(tables, 1))))

except ImportError:
    from pymodbus.factory import ServerDecoder
    from pymodbus.framer.rtu_framer import ModbusRtuFramer
    from pymodbus.framer.socket_framer import ModbusSocketFramer

    FRAMERS = {"tcp": ModbusSocketFramer, "rtu": ModbusRtuFramer}
    UNIT = "unit_id"

    class Reader:
        def __init__(self, framer):
            self.framer = framer(ServerDecoder(), client=None)
            self.build = self.framer.buildPacket

        def requests(self, data):
            found = []
            self.framer.processIncomingPacket(
                data=data, callback=found.append, unit=list(range(256)), single=False)
            return found

    def refuse(request, code):
        return request.doException(code)

    def answer(request, tables):
        return request.execute(ModbusSlaveContext(zero_mode=True, **blocks(tables, 0)))


def unit(request):
    return getattr(request, UNIT)


class Wire(Reader):
    def __init__(self, kind):
        super().__init__(FRAMERS[kind])

    def frame(self, request, response):
        setattr(response, UNIT, unit(request))
        response.transaction_id = request.transaction_id
        return self.build(response)
